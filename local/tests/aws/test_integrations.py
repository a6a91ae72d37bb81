"""Task integrations: their calls, names, errors and the state machine's own role."""

import json
import time
import uuid

from aws.running_target import ACCOUNT, allow


def task(resource: str, arguments: dict, **more: object) -> dict:
    return {"Type": "Task", "Resource": f"arn:aws:states:::{resource}", "Arguments": arguments, "End": True, **more}


def table(target) -> str:
    name = f"table-{uuid.uuid4().hex[:8]}"
    target.client("dynamodb").create_table(
        TableName=name, BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}])
    return name


def test_dynamodb_conditions_have_the_errors_of_each_integration(target, machine):
    name = table(target)
    arn = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/{name}"
    put = {"TableName": name, "Item": {"id": {"S": "1"}}, "ConditionExpression": "attribute_not_exists(id)"}
    may = allow("dynamodb:PutItem", on=arn)
    assert machine({"T": task("dynamodb:putItem", put)}, may).output()["SdkHttpMetadata"] == {"HttpStatusCode": 200}
    assert machine({"T": task("dynamodb:putItem", put)}, may).run()["error"] == \
        "DynamoDB.ConditionalCheckFailedException"
    assert machine({"T": task("aws-sdk:dynamodb:putItem", put)}, may).run()["error"] == \
        "DynamoDb.ConditionalCheckFailedException"


def test_sdk_results_use_the_sdk_names(target, machine):
    name = table(target)
    target.client("dynamodb").put_item(TableName=name, Item={
        "id": {"S": "1"}, "flag": {"BOOL": True}, "n": {"NULL": True}})
    get = {"TableName": name, "Key": {"id": {"S": "1"}}}
    item = machine({"T": task("aws-sdk:dynamodb:getItem", get)}, allow("dynamodb:GetItem")).output()["Item"]
    assert item["flag"] == {"Bool": True}
    assert item["n"] == {"Nul": True}


def test_s3_objects_are_text(target, machine):
    bucket = f"bucket-{uuid.uuid4().hex[:8]}"
    target.client("s3").create_bucket(Bucket=bucket)
    may = allow("s3:GetObject", "s3:PutObject", on=f"arn:aws:s3:::{bucket}/*")
    put = {"Bucket": bucket, "Key": "a/b.json", "Body": {"accuracy": 0.9}}
    assert machine({"T": task("aws-sdk:s3:putObject", put)}, may).output()["ETag"]
    copied = {"Bucket": bucket, "Key": "c.json", "CopySource": f"{bucket}/a/b.json"}
    assert machine({"T": task("aws-sdk:s3:copyObject", copied)}, may).output()["CopyObjectResult"]
    got = machine({"T": task("aws-sdk:s3:getObject", {"Bucket": bucket, "Key": "c.json"},
                             Output="{% $parse($states.result.Body) %}")}, may).output()
    assert got == {"accuracy": 0.9}
    missing = machine({"T": task("aws-sdk:s3:getObject", {"Bucket": bucket, "Key": "none"})},
                      may, allow("s3:ListBucket")).run()
    assert missing["error"] == "S3.NoSuchKeyException"


def test_denial_names_action_role_and_resource(target, machine):
    topic = target.client("sns").create_topic(Name=f"topic-{uuid.uuid4().hex[:8]}")["TopicArn"]
    publish = {"TopicArn": topic, "Message": {"any": "json"}}
    described = machine({"T": task("sns:publish", publish)}).run()
    assert described["error"] == "SNS.AuthorizationErrorException"
    assert all(part in described["cause"] for part in ("sns:Publish", topic, ":assumed-role/"))
    assert machine({"T": task("sns:publish", publish)}, allow("sns:Publish", on=topic)).output()["MessageId"]


def test_sagemaker_errors(machine):
    describe = {"TrainingJobName": "none"}
    described = machine({"T": task("aws-sdk:sagemaker:describeTrainingJob", describe)}).run()
    assert described["error"] == "SageMaker.SageMakerException"
    assert f"sagemaker:DescribeTrainingJob on resource: arn:aws:sagemaker:us-east-1:{ACCOUNT}:training-job/none " \
        "because no identity-based policy allows the sagemaker:DescribeTrainingJob action" in described["cause"]
    assert "Status Code: 400" in described["cause"]


def training_job(role_arn: str) -> dict:
    return {
        "TrainingJobName": f"job-{uuid.uuid4().hex[:8]}", "RoleArn": role_arn,
        "AlgorithmSpecification": {"TrainingImage": "nowhere/unknown:1", "TrainingInputMode": "File"},
        "OutputDataConfig": {"S3OutputPath": "s3://none/out"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    }


def test_training_job_needs_every_permission(machine, role):
    service = "sagemaker.amazonaws.com"
    passed = role(service=service)
    needed = [
        allow("sagemaker:CreateTrainingJob", "sagemaker:DescribeTrainingJob", "sagemaker:StopTrainingJob"),
        allow("events:PutRule", "events:PutTargets", "events:DescribeRule"),
        allow("iam:PassRole", on=passed, Condition={"StringEquals": {"iam:PassedToService": service}}),
        allow("sagemaker:AddTags"),
    ]
    missing = ("sagemaker:CreateTrainingJob", "events:PutTargets", "iam:PassRole", "sagemaker:AddTags")
    for index, action in enumerate(missing):
        statements = needed[:index] + needed[index + 1:]
        described = machine({"T": task("sagemaker:createTrainingJob.sync", training_job(passed))}, *statements).run()
        assert described["status"] == "FAILED"
        assert f"not authorized to perform: {action}" in described["cause"], described["cause"]


def test_failed_job_is_the_cause(machine, role):
    passed = role(service="sagemaker.amazonaws.com")
    described = machine({"T": task("sagemaker:createTrainingJob.sync", training_job(passed))}, allow("*")).run()
    assert described["error"] == "States.TaskFailed"
    job = json.loads(described["cause"])
    assert job["TrainingJobStatus"] == "Failed"
    assert "nowhere/unknown" in job["FailureReason"]
    assert job["CreationTime"] > 1_000_000_000_000


def test_nested_executions(machine):
    child = machine({"A": {"Type": "Succeed", "Output": {"doubled": "{% $states.input.n * 2 %}"}}})
    may = [allow("states:StartExecution", on=child.arn), allow("states:DescribeExecution", "states:StopExecution"),
           allow("events:PutRule", "events:PutTargets", "events:DescribeRule")]
    arguments = {"StateMachineArn": child.arn, "Input": {"n": 2}}
    assert machine({"T": task("states:startExecution.sync:2", arguments)}, *may).output()["Output"] == {"doubled": 4}
    assert "ExecutionArn" in machine({"T": task("states:startExecution", arguments)}, *may).output()
    started = machine({"T": task("aws-sdk:sfn:startExecution", {**arguments, "Input": "{}"})}, *may).output()
    assert started["ExecutionArn"].startswith("arn:aws:states:") and started["StartDate"].endswith("Z")


def test_nested_runtime_error_is_catchable_by_the_parent(machine):
    child = machine({"A": {"Type": "Task", "Resource": "arn:aws:states:::nothing:here", "End": True}})
    parent = machine({
        "T": {**task("states:startExecution.sync:2", {"StateMachineArn": child.arn}), "Catch": [
            {"ErrorEquals": ["States.TaskFailed"], "Next": "N", "Output": "caught"}]},
        "N": {"Type": "Succeed"}}, allow("*"))
    assert parent.output() == "caught"


def test_execution_name_is_taken(machine):
    child = machine({"A": {"Type": "Succeed"}})
    start = task("aws-sdk:sfn:startExecution", {"StateMachineArn": child.arn, "Name": "one", "Input": "{\"a\": 1}"})
    may = allow("states:StartExecution")
    assert machine({"T": start}, may).run()["status"] == "SUCCEEDED"
    time.sleep(0.5)
    assert machine({"T": start}, may).run()["error"] == "Sfn.ExecutionAlreadyExistsException"


def test_unknown_field(machine):
    described = machine({"T": task("aws-sdk:ssm:getParameter", {"Name": "/x", "Wrong": 1})}, allow("*")).run()
    assert described["error"] == "States.Runtime"
    assert "'Wrong'" in described["cause"]


def test_task_timeout_from_jsonata(target, machine):
    queue = target.client("sqs").create_queue(QueueName=f"queue-{uuid.uuid4().hex[:8]}")["QueueUrl"]
    described = machine({"T": task("sqs:sendMessage.waitForTaskToken", {
        "QueueUrl": queue, "MessageBody": {"token": "{% $states.context.Task.Token %}"}},
        TimeoutSeconds="{% $states.input.limit %}")}, allow("sqs:SendMessage")).run({"limit": 1})
    assert described["error"] == "States.Timeout"


def test_callback(target, machine, states):
    queue = target.client("sqs").create_queue(QueueName=f"queue-{uuid.uuid4().hex[:8]}")["QueueUrl"]
    made = machine({"T": task("sqs:sendMessage.waitForTaskToken", {
        "QueueUrl": queue, "MessageBody": {"token": "{% $states.context.Task.Token %}"}})}, allow("sqs:SendMessage"))
    execution = made.start()
    message = target.client("sqs").receive_message(QueueUrl=queue, WaitTimeSeconds=10)["Messages"][0]
    states.send_task_success(taskToken=json.loads(message["Body"])["token"], output=json.dumps({"ok": True}))
    assert json.loads(made.wait(execution)["output"]) == {"ok": True}
