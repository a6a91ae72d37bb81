"""The model registry: versions, approval, its events, and the lists."""

import json

import pytest
from botocore.exceptions import ClientError
from sagemaker_platform import IMAGE, Platform, unique

CONTAINER = {"Containers": [{"Image": IMAGE, "ModelDataUrl": "s3://bucket/model.tar.gz"}],
             "SupportedContentTypes": ["text/csv"], "SupportedResponseMIMETypes": ["text/csv"]}


@pytest.fixture
def group(platform: Platform) -> str:
    name = unique("group")
    platform.sagemaker.create_model_package_group(ModelPackageGroupName=name, Tags=[{"Key": "team", "Value": "ml"}])
    return name


def register(platform: Platform, group: str, **parameters) -> str:
    return platform.sagemaker.create_model_package(
        ModelPackageGroupName=group, InferenceSpecification=CONTAINER, **parameters)["ModelPackageArn"]


def test_versions_are_counted_and_a_token_makes_one_version(platform: Platform, group: str) -> None:
    token = unique("token")
    first, again = (register(platform, group, ClientToken=token) for _ in range(2))
    second = register(platform, group)
    assert first == again
    assert (first[-2:], second[-2:]) == ("/1", "/2")
    platform.sagemaker.delete_model_package(ModelPackageName=second)
    assert register(platform, group).endswith("/3")
    described = platform.sagemaker.describe_model_package(ModelPackageName=first)
    assert (described["ModelPackageVersion"], described["ModelPackageStatus"], described["ModelApprovalStatus"]) == (
        1, "Completed", "PendingManualApproval")


def test_a_group_with_versions_is_not_deleted(platform: Platform, group: str) -> None:
    version = register(platform, group)
    with pytest.raises(ClientError) as refused:
        platform.sagemaker.delete_model_package_group(ModelPackageGroupName=group)
    assert refused.value.response["Error"]["Code"] == "ConflictException"
    platform.sagemaker.delete_model_package(ModelPackageName=version)
    platform.sagemaker.delete_model_package_group(ModelPackageGroupName=group)
    with pytest.raises(ClientError, match="does not exist"):
        platform.sagemaker.describe_model_package_group(ModelPackageGroupName=group)


def test_an_approval_is_an_event(platform: Platform, group: str) -> None:
    sqs, events = platform.target.client("sqs"), platform.target.client("events")
    queue = sqs.create_queue(QueueName=unique("queue"))["QueueUrl"]
    queue_arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps({
        "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
                                                "Action": "sqs:SendMessage", "Resource": queue_arn}]})})
    rule = unique("rule")
    events.put_rule(Name=rule, EventPattern=json.dumps({
        "source": ["aws.sagemaker"], "detail-type": ["SageMaker Model Package State Change"],
        "detail": {"ModelPackageGroupName": [group], "ModelApprovalStatus": ["Approved"],
                   "UpdatedModelPackageFields": ["ModelApprovalStatus"]}}))
    events.put_targets(Rule=rule, Targets=[{"Id": "queue", "Arn": queue_arn}])
    version = register(platform, group)
    platform.sagemaker.update_model_package(ModelPackageArn=version, ModelApprovalStatus="Approved",
                                            ApprovalDescription="looks good")
    platform.sagemaker.update_model_package(ModelPackageArn=version, CustomerMetadataProperties={"seen": "yes"})
    messages = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=10, MaxNumberOfMessages=10)["Messages"]
    assert len(messages) == 1
    event = json.loads(messages[0]["Body"])
    assert event["resources"] == [version]
    detail = event["detail"]
    assert (detail["ModelPackageVersion"], detail["ModelPackageArn"]) == (1, version)
    assert detail["ModelPackageStatus"] == "Completed"
    assert detail["ApprovalDescription"] == "looks good"
    assert detail["LastModifiedTime"] > detail["CreationTime"]


def test_lists_are_filtered_and_paged(platform: Platform, group: str) -> None:
    versions = [register(platform, group) for _ in range(5)]
    platform.sagemaker.update_model_package(ModelPackageArn=versions[3], ModelApprovalStatus="Approved")
    pages = platform.sagemaker.get_paginator("list_model_packages").paginate(
        ModelPackageGroupName=group, SortOrder="Descending", PaginationConfig={"PageSize": 2})
    pages = list(pages)
    assert [len(page["ModelPackageSummaryList"]) for page in pages] == [2, 2, 1]
    assert [item["ModelPackageArn"] for page in pages for item in page["ModelPackageSummaryList"]] == versions[::-1]
    approved = platform.sagemaker.list_model_packages(ModelPackageGroupName=group, ModelApprovalStatus="Approved")
    assert [item["ModelPackageArn"] for item in approved["ModelPackageSummaryList"]] == [versions[3]]
    groups = platform.sagemaker.list_model_package_groups(NameContains=group)["ModelPackageGroupSummaryList"]
    assert [item["ModelPackageGroupName"] for item in groups] == [group]


def test_tags_are_kept_changed_and_listed(platform: Platform, group: str) -> None:
    arn = platform.sagemaker.describe_model_package_group(ModelPackageGroupName=group)["ModelPackageGroupArn"]
    tags = [{"Key": "team", "Value": "risk"}, {"Key": "env", "Value": "dev"}]
    platform.sagemaker.add_tags(ResourceArn=arn, Tags=tags)
    platform.sagemaker.delete_tags(ResourceArn=arn, TagKeys=["env"])
    assert platform.sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "risk"}]
