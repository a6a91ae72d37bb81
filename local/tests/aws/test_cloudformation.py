"""CloudFormation: SageMaker's types from their schemas, the gaps that are filled, and what stays as on AWS."""

import json
import time
import uuid

import pytest
from botocore.exceptions import ClientError

from aws.running_target import ACCOUNT


class Stack:
    def __init__(self, target) -> None:
        self.client = target.client("cloudformation")
        self.name = f"stack-{uuid.uuid4().hex[:8]}"
        self.deployed = False

    def deploy(self, resources: dict, **sections: object) -> dict:
        """Creates or updates the stack, answers its outputs."""
        template = {"Resources": resources, **sections}
        operation = self.client.update_stack if self.deployed else self.client.create_stack
        operation(StackName=self.name, TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_NAMED_IAM"])
        self.deployed = True
        stack = self.settled()
        assert stack["StackStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE"), self.reasons()
        return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}

    def settled(self) -> dict:
        deadline = time.monotonic() + 120
        while True:
            stack = self.client.describe_stacks(StackName=self.name)["Stacks"][0]
            if not stack["StackStatus"].endswith("_IN_PROGRESS"):
                return stack
            assert time.monotonic() < deadline
            time.sleep(0.1)

    def delete(self) -> str:
        identifier = self.settled()["StackId"]
        self.client.delete_stack(StackName=self.name)
        self.name = identifier
        return self.settled()["StackStatus"]

    def reasons(self) -> str:
        events = self.client.describe_stack_events(StackName=self.name)["StackEvents"]
        return "\n".join(event.get("ResourceStatusReason", "") for event in events)


@pytest.fixture
def stack(target):
    return Stack(target)


def output(value: object) -> dict:
    return {"Value": value}


def test_model_package_group_ref_attributes_and_replacement(stack, target):
    first, second = f"group-{uuid.uuid4().hex[:8]}", f"group-{uuid.uuid4().hex[:8]}"
    outputs = {"Ref": output({"Ref": "G"}), "Arn": output({"Fn::GetAtt": ["G", "ModelPackageGroupArn"]}),
               "Status": output({"Fn::GetAtt": ["G", "ModelPackageGroupStatus"]})}

    def group(name: str) -> dict:
        return {"G": {"Type": "AWS::SageMaker::ModelPackageGroup", "Properties": {"ModelPackageGroupName": name}}}

    made = stack.deploy(group(first), Outputs=outputs)
    assert made["Ref"] == made["Arn"] == f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:model-package-group/{first}"
    assert made["Status"] == "Completed"
    replaced = stack.deploy(group(second), Outputs=outputs)
    assert replaced["Ref"].endswith(second)
    sagemaker = target.client("sagemaker")
    names = [item["ModelPackageGroupName"] for item in sagemaker.list_model_package_groups()[
        "ModelPackageGroupSummaryList"]]
    assert second in names and first not in names
    assert stack.delete() == "DELETE_COMPLETE"
    with pytest.raises(ClientError):
        sagemaker.describe_model_package_group(ModelPackageGroupName=second)


def test_endpoint_config_coerces_strings_and_makes_up_a_name(stack, target, role):
    execution_role = role(service="sagemaker.amazonaws.com")
    made = stack.deploy({
        "M": {"Type": "AWS::SageMaker::Model", "Properties": {
            "ExecutionRoleArn": execution_role, "PrimaryContainer": {"Image": "683313688378.dkr.ecr/x:1"}}},
        "C": {"Type": "AWS::SageMaker::EndpointConfig", "Properties": {"ProductionVariants": [
            {"VariantName": "v", "ModelName": {"Fn::GetAtt": ["M", "ModelName"]}, "InitialInstanceCount": "1",
             "InstanceType": "ml.m5.large", "InitialVariantWeight": "1.0"}]}}},
        Outputs={"Name": output({"Fn::GetAtt": ["C", "EndpointConfigName"]}), "Ref": output({"Ref": "C"})})
    described = target.client("sagemaker").describe_endpoint_config(EndpointConfigName=made["Name"])
    assert described["ProductionVariants"][0]["InitialInstanceCount"] == 1
    assert made["Ref"] == described["EndpointConfigArn"]
    assert stack.delete() == "DELETE_COMPLETE"


def test_a_type_without_an_implementation_says_so(stack):
    with pytest.raises(AssertionError, match="not implemented by the local target"):
        stack.deploy({"P": {"Type": "AWS::SageMaker::CodeRepository", "Properties": {
            "GitConfig": {"RepositoryUrl": "https://example.org/x.git"}}}})


def test_an_unknown_property_is_refused(stack):
    with pytest.raises(AssertionError, match=r"extraneous key \[Nmae\] is not permitted"):
        stack.deploy({"G": {"Type": "AWS::SageMaker::ModelPackageGroup", "Properties": {
            "ModelPackageGroupName": "g", "Nmae": "x"}}})


def test_bucket_keeps_its_properties_and_is_not_deleted_with_objects(stack, target):
    name = f"bucket-{uuid.uuid4().hex[:8]}"
    stack.deploy({"B": {"Type": "AWS::S3::Bucket", "Properties": {
        "BucketName": name, "Tags": [{"Key": "team", "Value": "ml"}],
        "BucketEncryption": {"ServerSideEncryptionConfiguration": [
            {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]},
        "LifecycleConfiguration": {"Rules": [{"Status": "Enabled", "ExpirationInDays": "7"}]}}}})
    s3 = target.client("s3")
    assert {"Key": "team", "Value": "ml"} in s3.get_bucket_tagging(Bucket=name)["TagSet"]
    rules = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"][0]["Expiration"]["Days"] == 7
    s3.put_object(Bucket=name, Key="a", Body=b"x", ServerSideEncryption="aws:kms")
    assert stack.delete() == "DELETE_FAILED"
    s3.delete_object(Bucket=name, Key="a")
    assert stack.delete() == "DELETE_COMPLETE"


def test_secret_ref_is_its_arn_and_connection_takes_a_reference(stack, target):
    made = stack.deploy({
        "S": {"Type": "AWS::SecretsManager::Secret", "Properties": {"SecretString": '{"password": "hidden"}'}},
        "C": {"Type": "AWS::Events::Connection", "Properties": {
            "AuthorizationType": "BASIC", "AuthParameters": {"BasicAuthParameters": {
                "Username": "ml",
                "Password": {"Fn::Join": ["", ["{{resolve:secretsmanager:", {"Ref": "S"},
                                               ":SecretString:password::}}"]]}}}}}},
        Outputs={"Secret": output({"Ref": "S"}), "Name": output({"Ref": "C"}),
                 "Arn": output({"Fn::GetAtt": ["C", "Arn"]}), "Policy": output({"Fn::GetAtt": ["C", "ArnForPolicy"]}),
                 "Copy": output({"Fn::GetAtt": ["C", "SecretArn"]})})
    assert made["Secret"].startswith("arn:aws:secretsmanager:")
    assert made["Arn"].startswith(made["Policy"] + "/")
    copied = json.loads(target.client("secretsmanager").get_secret_value(SecretId=made["Copy"])["SecretString"])
    assert copied["BasicAuthParameters"]["Password"] == "hidden"
    described = target.client("events").describe_connection(Name=made["Name"])
    assert "hidden" not in json.dumps(described, default=str)
    assert stack.delete() == "DELETE_COMPLETE"


def test_state_machine_keeps_logging_and_writes_there(stack, target, role):
    made = stack.deploy({
        "L": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": f"/states/{stack.name}"}},
        "M": {"Type": "AWS::StepFunctions::StateMachine", "Properties": {
            "RoleArn": role(), "StateMachineType": "EXPRESS", "TracingConfiguration": {"Enabled": True},
            "DefinitionString": {"Fn::Join": ["", ['{"StartAt":"F","States":{"F":{"Type":"Fail","Error":"',
                                                   {"Ref": "AWS::Region"}, '"}}}']]},
            "LoggingConfiguration": {"Level": "ERROR", "IncludeExecutionData": True, "Destinations": [
                {"CloudWatchLogsLogGroup": {"LogGroupArn": {"Fn::GetAtt": ["L", "Arn"]}}}]}}}},
        Outputs={"Arn": output({"Ref": "M"})})
    states, logs = target.client("stepfunctions"), target.client("logs")
    described = states.describe_state_machine(stateMachineArn=made["Arn"])
    assert described["loggingConfiguration"]["level"] == "ERROR"
    assert described["tracingConfiguration"] == {"enabled": True}
    states.start_execution(stateMachineArn=made["Arn"])
    deadline = time.monotonic() + 20
    while not (found := logs.filter_log_events(logGroupName=f"/states/{stack.name}")["events"]):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert json.loads(found[-1]["message"])["details"]["error"] == "us-east-1"


def test_composite_alarm_and_security_group_rules(stack, target):
    made = stack.deploy({
        "A": {"Type": "AWS::CloudWatch::Alarm", "Properties": {
            "Namespace": "N", "MetricName": "M", "ComparisonOperator": "GreaterThanThreshold", "Threshold": 1,
            "EvaluationPeriods": 1, "Period": 60, "Statistic": "Sum"}},
        "C": {"Type": "AWS::CloudWatch::CompositeAlarm", "Properties": {
            "AlarmRule": {"Fn::Join": ["", ['ALARM("', {"Ref": "A"}, '")']]}}},
        "G": {"Type": "AWS::EC2::SecurityGroup", "Properties": {"GroupDescription": "d"}},
        "I": {"Type": "AWS::EC2::SecurityGroupIngress", "Properties": {
            "GroupId": {"Fn::GetAtt": ["G", "GroupId"]}, "IpProtocol": "tcp", "FromPort": "443", "ToPort": "443",
            "SourceSecurityGroupId": {"Fn::GetAtt": ["G", "GroupId"]}}}},
        Outputs={"Group": output({"Fn::GetAtt": ["G", "GroupId"]}), "Alarm": output({"Ref": "C"})})
    group = target.client("ec2").describe_security_groups(GroupIds=[made["Group"]])["SecurityGroups"][0]
    assert [rule["FromPort"] for rule in group["IpPermissions"] if "FromPort" in rule] == [443]
    alarms = target.client("cloudwatch").describe_alarms(AlarmNames=[made["Alarm"]], AlarmTypes=["CompositeAlarm"])
    assert len(alarms["CompositeAlarms"]) == 1
    assert stack.delete() == "DELETE_COMPLETE"


def test_mappings_conditions_and_rules(stack):
    resources = {"P": {"Type": "AWS::SSM::Parameter", "Condition": "Here", "Properties": {
        "Type": "String", "Value": {"Fn::FindInMap": ["Images", {"Ref": "AWS::Region"}, "account"]}}}}
    made = stack.deploy(
        resources, Mappings={"Images": {"us-east-1": {"account": "683313688378"}}},
        Conditions={"Here": {"Fn::Equals": [{"Ref": "AWS::Region"}, "us-east-1"]}},
        Rules={"Region": {"Assertions": [{"Assert": {"Fn::Contains": [["us-east-1"], {"Ref": "Where"}]},
                                          "AssertDescription": "no image there"}]}},
        Parameters={"Where": {"Type": "String", "Default": "us-east-1"}},
        Outputs={"Value": output({"Fn::GetAtt": ["P", "Value"]})})
    assert made["Value"] == "683313688378"


def test_template_is_the_one_that_was_sent(stack):
    resources = {"P": {"Type": "AWS::SSM::Parameter", "Metadata": {"aws:cdk:path": "x"}, "Properties": {
        "Type": "String", "Value": "1"}}}
    stack.deploy(resources)
    assert stack.client.get_template(StackName=stack.name)["TemplateBody"] == {"Resources": resources}
