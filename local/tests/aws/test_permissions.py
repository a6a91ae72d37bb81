"""IAM of requests by a role's own credentials: SageMaker, and KMS behind S3 and SNS; and the record of decisions."""

import json
import uuid

import pytest
from botocore.exceptions import ClientError

from aws.running_target import ACCOUNT, TargetProcess, allow, free_port


@pytest.fixture
def acting(target, role):
    """A client that acts with a role of the given statements."""

    def make(service: str, *statements: dict):
        trusting = role(*statements)
        target.client("iam").update_assume_role_policy(RoleName=trusting.rsplit("/", 1)[-1],
                                                       PolicyDocument=json.dumps(trusting_the_account()))
        keys = target.client("sts").assume_role(RoleArn=trusting, RoleSessionName="test")["Credentials"]
        return target.client(service, aws_access_key_id=keys["AccessKeyId"],
                             aws_secret_access_key=keys["SecretAccessKey"], aws_session_token=keys["SessionToken"])

    return make


def trusting_the_account() -> dict:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
                                                    "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}]}


def denied(call, *arguments, **parameters) -> str:
    with pytest.raises(ClientError) as error:
        call(*arguments, **parameters)
    return str(error.value)


def test_objects_under_a_key_need_the_key(target, acting):
    bucket = f"bucket-{uuid.uuid4().hex[:8]}"
    key = target.client("kms").create_key()["KeyMetadata"]["Arn"]
    s3 = target.client("s3")
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [
        {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}]})
    s3.put_object(Bucket=bucket, Key="a", Body=b"x")
    objects = allow("s3:GetObject", "s3:PutObject", on=f"arn:aws:s3:::{bucket}/*")
    without = acting("s3", objects)
    assert f"kms:Decrypt on resource: {key}" in denied(without.get_object, Bucket=bucket, Key="a")
    assert "kms:GenerateDataKey" in denied(without.put_object, Bucket=bucket, Key="b", Body=b"x")
    within = acting("s3", objects, allow("kms:Decrypt", "kms:GenerateDataKey", on=key))
    assert within.get_object(Bucket=bucket, Key="a")["Body"].read() == b"x"
    within.put_object(Bucket=bucket, Key="b", Body=b"y")


def test_objects_without_a_key_need_none(target, acting):
    bucket = f"bucket-{uuid.uuid4().hex[:8]}"
    target.client("s3").create_bucket(Bucket=bucket)
    s3 = acting("s3", allow("s3:GetObject", "s3:PutObject", on=f"arn:aws:s3:::{bucket}/*"))
    s3.put_object(Bucket=bucket, Key="a", Body=b"x")
    assert s3.get_object(Bucket=bucket, Key="a")["Body"].read() == b"x"


def test_a_role_is_held_to_its_resources(acting):
    sagemaker = acting("sagemaker", allow(
        "sagemaker:DescribeModelPackageGroup", on=f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:model-package-group/mine"))
    assert "DescribeModelPackageGroup on resource: arn:aws:sagemaker" in denied(
        sagemaker.describe_model_package_group, ModelPackageGroupName="other")
    assert "does not exist" in denied(sagemaker.describe_model_package_group, ModelPackageGroupName="mine")
    assert "sagemaker:ListModels on resource: *" in denied(sagemaker.list_models)


def test_a_role_must_be_passed(acting, role):
    passed = role(service="sagemaker.amazonaws.com")
    sagemaker = acting("sagemaker", allow("sagemaker:CreateModel"))
    message = denied(sagemaker.create_model, ModelName="m", ExecutionRoleArn=passed, PrimaryContainer={"Image": "x"})
    assert f"iam:PassRole on resource: {passed}" in message


def test_invoking_needs_the_endpoint(acting):
    runtime = acting("sagemaker-runtime", allow("sagemaker:DescribeEndpoint"))
    assert f"sagemaker:InvokeEndpoint on resource: arn:aws:sagemaker:us-east-1:{ACCOUNT}:endpoint/e" in denied(
        runtime.invoke_endpoint, EndpointName="e", Body=b"1")


def test_some_creates_are_authorized_on_two_resources(acting):
    arn = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}"
    sagemaker = acting("sagemaker", allow("sagemaker:CreateEndpoint", on=f"{arn}:endpoint/e"),
                       allow("sagemaker:CreateModelPackage", on=f"{arn}:model-package/g/*"))
    assert f"sagemaker:CreateEndpoint on resource: {arn}:endpoint-config/c" in denied(
        sagemaker.create_endpoint, EndpointName="e", EndpointConfigName="c")
    assert f"sagemaker:CreateModelPackage on resource: {arn}:model-package-group/g" in denied(
        sagemaker.create_model_package, ModelPackageGroupName="g")


def test_an_encrypted_topic_needs_its_key(target, acting):
    key = target.client("kms").create_key()["KeyMetadata"]["Arn"]
    sns = target.client("sns")
    plain, encrypted = (sns.create_topic(Name=f"topic-{uuid.uuid4().hex[:8]}")["TopicArn"] for _ in range(2))
    sns.set_topic_attributes(TopicArn=encrypted, AttributeName="KmsMasterKeyId", AttributeValue=key)
    without = acting("sns", allow("sns:Publish"))
    without.publish(TopicArn=plain, Message="m")
    assert f"kms:GenerateDataKey on resource: {key}" in denied(without.publish, TopicArn=encrypted, Message="m")
    within = acting("sns", allow("sns:Publish"), allow("kms:Decrypt", "kms:GenerateDataKey", on=key))
    within.publish(TopicArn=encrypted, Message="m")


def test_decisions_are_recorded_where_the_variable_says(tmp_path, monkeypatch):
    file = tmp_path / "decisions.jsonl"
    monkeypatch.setenv("MLOPS_LOCAL_DECISIONS", str(file))
    target = TargetProcess(tmp_path, free_port())
    target.start()
    try:
        iam, sts = target.client("iam"), target.client("sts")
        iam.create_role(RoleName="reader", AssumeRolePolicyDocument=json.dumps(trusting_the_account()))
        reading = {"Version": "2012-10-17", "Statement": [allow("s3:ListAllMyBuckets")]}
        iam.put_role_policy(RoleName="reader", PolicyName="policy", PolicyDocument=json.dumps(reading))
        keys = sts.assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/reader", RoleSessionName="test")["Credentials"]
        s3 = target.client("s3", aws_access_key_id=keys["AccessKeyId"], aws_secret_access_key=keys["SecretAccessKey"],
                           aws_session_token=keys["SessionToken"])
        s3.list_buckets()
        s3.list_buckets()
        denied(s3.create_bucket, Bucket="other")
    finally:
        target.stop()
    recorded = [json.loads(line) for line in file.read_text().splitlines()]
    assert [(each["role"], each["action"], each["resource"], each["allowed"]) for each in recorded] == [
        ("reader", "s3:ListAllMyBuckets", "*", True), ("reader", "s3:CreateBucket", "arn:aws:s3:::other", False)]


def test_plain_http_by_loopback_counts_as_tls(target):
    bucket = f"bucket-{uuid.uuid4().hex[:8]}"
    s3 = target.client("s3")
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [{
        "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]}]}))
    s3.put_object(Bucket=bucket, Key="a", Body=b"x")
