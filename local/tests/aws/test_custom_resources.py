"""Custom resources: a Lambda that answers on the ResponseURL, and CDK's own types done natively."""

import io
import uuid
import zipfile

import pytest

from aws.running_target import allow
from aws.test_cloudformation import Stack, output

NODE_HANDLER = """
const http = require('http');
exports.handler = event => new Promise((resolve, reject) => {
  const body = JSON.stringify({ Status: event.ResourceProperties.Answer, Reason: 'as asked',
    PhysicalResourceId: 'made', StackId: event.StackId, RequestId: event.RequestId,
    LogicalResourceId: event.LogicalResourceId, Data: { Type: event.RequestType } });
  const request = http.request(new URL(event.ResponseURL), { method: 'PUT', headers: { 'content-type': '',
    'content-length': body.length } }, response => { response.resume(); response.on('end', resolve); });
  request.on('error', reject);
  request.end(body);
});
"""


@pytest.fixture
def stack(target):
    return Stack(target)


def custom(answer: str, role_arn: str) -> dict:
    return {
        "F": {"Type": "AWS::Lambda::Function", "Properties": {
            "Runtime": "nodejs22.x", "Handler": "index.handler", "Role": role_arn, "Code": {"ZipFile": NODE_HANDLER}}},
        "C": {"Type": "Custom::Thing", "Properties": {
            "ServiceToken": {"Fn::GetAtt": ["F", "Arn"]}, "ServiceTimeout": "30", "Answer": answer}},
    }


def test_a_node_function_answers(stack, role):
    made = stack.deploy(custom("SUCCESS", role(service="lambda.amazonaws.com")), Outputs={
        "Type": output({"Fn::GetAtt": ["C", "Type"]}), "Ref": output({"Ref": "C"})})
    assert made == {"Type": "Create", "Ref": "made"}
    assert stack.delete() == "DELETE_COMPLETE"


def test_its_failure_is_the_stack_s(stack, role):
    with pytest.raises(AssertionError, match="as asked"):
        stack.deploy(custom("FAILED", role(service="lambda.amazonaws.com")))


def test_a_bucket_is_filled_pruned_and_emptied(stack, target):
    s3 = target.client("s3")
    source, bucket = f"source-{uuid.uuid4().hex[:8]}", f"bucket-{uuid.uuid4().hex[:8]}"
    s3.create_bucket(Bucket=source)

    def archive(**files: str) -> str:
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as zipped:
            for name, text in files.items():
                zipped.writestr(name, text)
        key = f"{uuid.uuid4().hex}.zip"
        s3.put_object(Bucket=source, Key=key, Body=content.getvalue())
        return key

    def resources(key: str) -> dict:
        return {
            "B": {"Type": "AWS::S3::Bucket", "Properties": {
                "BucketName": bucket, "VersioningConfiguration": {"Status": "Enabled"},
                "Tags": [{"Key": "aws-cdk:auto-delete-objects", "Value": "true"}]}},
            "A": {"Type": "Custom::S3AutoDeleteObjects", "Properties": {
                "ServiceToken": "none", "BucketName": {"Ref": "B"}}},
            "D": {"Type": "Custom::CDKBucketDeployment", "DependsOn": "A", "Properties": {
                "ServiceToken": "none", "SourceBucketNames": [source], "SourceObjectKeys": [key],
                "SourceMarkers": [{"<<marker>>": {"Ref": "AWS::Region"}}], "DestinationBucketName": {"Ref": "B"},
                "DestinationBucketKeyPrefix": "code/", "Prune": "true"}},
        }

    def keys() -> list[str]:
        return [item["Key"] for item in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]

    stack.deploy(resources(archive(one="in <<marker>>", two="2")))
    assert keys() == ["code/one", "code/two"]
    assert s3.get_object(Bucket=bucket, Key="code/one")["Body"].read() == b"in us-east-1"
    stack.deploy(resources(archive(one="again")))
    assert keys() == ["code/one"]
    assert stack.delete() == "DELETE_COMPLETE"
    assert bucket not in [item["Name"] for item in s3.list_buckets()["Buckets"]]


def test_a_function_acts_with_its_own_role(stack, role, target):
    code = ("import boto3, os\n"
            "def handler(event, context):\n"
            "    return boto3.client('ssm', endpoint_url=os.environ.get('AWS_ENDPOINT_URL'))"
            ".get_parameter(Name=event['name'])['Parameter']['Value']\n")
    target.client("ssm").put_parameter(Name="/mine", Value="1", Type="String", Overwrite=True)
    target.client("ssm").put_parameter(Name="/other", Value="2", Type="String", Overwrite=True)
    may = role(allow("ssm:GetParameter", on="arn:aws:ssm:us-east-1:000000000000:parameter/mine"),
               service="lambda.amazonaws.com")
    made = stack.deploy({"F": {"Type": "AWS::Lambda::Function", "Properties": {
        "Runtime": "python3.12", "Handler": "index.handler", "Role": may, "Code": {"ZipFile": code}}}},
        Outputs={"Name": output({"Ref": "F"})})
    client = target.client("lambda")
    allowed = client.invoke(FunctionName=made["Name"], Payload=b'{"name": "/mine"}')
    assert allowed["Payload"].read() == b'"1"'
    refused = client.invoke(FunctionName=made["Name"], Payload=b'{"name": "/other"}')
    assert refused["FunctionError"] and b"not authorized to perform: ssm:GetParameter" in refused["Payload"].read()
