"""CDK's own custom resources, done natively: the same effect as their handlers, without a Lambda cold start.

Custom::CDKBucketDeployment, Custom::S3AutoDeleteObjects and Custom::LogRetention. Every other custom resource
runs its Lambda.
"""

import io
import mimetypes
import zipfile

from botocore.exceptions import ClientError
from ministack.services.cloudformation import provisioners

from mlops_local.aws.clients import client

AUTO_DELETE_TAG = "aws-cdk:auto-delete-objects"


def register() -> None:
    provisioners._RESOURCE_HANDLERS["Custom::CDKBucketDeployment"] = {
        "create": lambda logical_id, properties, _stack: (f"aws.cdk.s3deployment.{logical_id}", deploy(properties)),
        "update": lambda physical_id, _old, new, _stack: (physical_id, deploy(new)),
        "delete": lambda _physical_id, properties: delete_deployment(properties),
    }
    provisioners._RESOURCE_HANDLERS["Custom::S3AutoDeleteObjects"] = {
        "create": lambda _logical_id, properties, _stack: (f"auto-delete-{properties['BucketName']}", {}),
        "update": lambda physical_id, _old, _new, _stack: (physical_id, {}),
        "delete": lambda _physical_id, properties: empty_bucket(properties["BucketName"]),
    }
    provisioners._RESOURCE_HANDLERS["Custom::LogRetention"] = {
        "create": lambda _logical_id, properties, _stack: (properties["LogGroupName"], retain_logs(properties)),
        "update": lambda physical_id, _old, new, _stack: (physical_id, retain_logs(new)),
        "delete": lambda _physical_id, _properties: None,
    }


def deploy(properties: dict) -> dict:
    """Unpacks the sources into the destination, as BucketDeployment's handler does."""
    s3 = client("s3")
    bucket = properties["DestinationBucketName"]
    prefix = _prefix(properties)
    keys = properties["SourceObjectKeys"]
    markers = properties.get("SourceMarkers") or [{} for _ in keys]
    written = set()
    for source_bucket, source_key, values in zip(properties["SourceBucketNames"], keys, markers, strict=True):
        content = s3.get_object(Bucket=source_bucket, Key=source_key)["Body"].read()
        for name, data in _files(source_key, content, _flag(properties, "Extract")):
            for marker, value in values.items():
                data = data.replace(marker.encode(), str(value).encode())
            kind = mimetypes.guess_type(name)[0] or "binary/octet-stream"
            s3.put_object(Bucket=bucket, Key=prefix + name, Body=data, ContentType=kind)
            written.add(prefix + name)
    if _flag(properties, "Prune"):
        _delete_objects(bucket, prefix, keep=written)
    return {"DestinationBucketArn": f"arn:aws:s3:::{bucket}", "SourceObjectKeys": keys}


def delete_deployment(properties: dict) -> None:
    if not _flag(properties, "RetainOnDelete"):
        _delete_objects(properties["DestinationBucketName"], _prefix(properties), keep=set())


def empty_bucket(bucket: str) -> None:
    """Removes every version, unless the bucket is gone or its tag no longer asks for it."""
    s3 = client("s3")
    try:
        tags = s3.get_bucket_tagging(Bucket=bucket)["TagSet"]
    except ClientError as error:
        if error.response["Error"]["Code"] in ("NoSuchBucket", "NoSuchTagSet"):
            return
        raise
    if {"Key": AUTO_DELETE_TAG, "Value": "true"} not in tags:
        return
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for item in page.get("Versions", []) + page.get("DeleteMarkers", []):
            s3.delete_object(Bucket=bucket, Key=item["Key"], VersionId=item["VersionId"])


def retain_logs(properties: dict) -> dict:
    logs = client("logs")
    group = properties["LogGroupName"]
    try:
        logs.create_log_group(logGroupName=group)
    except logs.exceptions.ResourceAlreadyExistsException:
        pass
    if properties.get("RetentionInDays"):
        logs.put_retention_policy(logGroupName=group, retentionInDays=int(properties["RetentionInDays"]))
    return {"LogGroupName": group}


def _files(key: str, content: bytes, extract: bool) -> list[tuple[str, bytes]]:
    if not extract:
        return [(key.rsplit("/", 1)[-1], content)]
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return [(item.filename, archive.read(item)) for item in archive.infolist() if not item.is_dir()]


def _delete_objects(bucket: str, prefix: str, keep: set[str]) -> None:
    s3 = client("s3")
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for item in page.get("Contents", []):
            if item["Key"] not in keep:
                s3.delete_object(Bucket=bucket, Key=item["Key"])


def _prefix(properties: dict) -> str:
    prefix = (properties.get("DestinationBucketKeyPrefix") or "").strip("/")
    return f"{prefix}/" if prefix else ""


def _flag(properties: dict, name: str) -> bool:
    default = "false" if name == "RetainOnDelete" else "true"
    return str(properties.get(name, default)).lower() == "true"
