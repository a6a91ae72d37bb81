"""AWS::S3::Bucket drops Tags, BucketEncryption, LifecycleConfiguration, OwnershipControls and LoggingConfiguration.

Lost tags break `autoDeleteObjects`, lost encryption hides what was asked for. Each property is translated to the
body of its S3 API (PutBucketTagging, PutBucketEncryption, ...), serialized by botocore's own model. Also: a bucket
that still holds objects is not deleted, as on AWS.
"""

from collections.abc import Callable
from typing import Any

from botocore.serialize import create_serializer
from ministack.services import s3
from ministack.services.cloudformation import provisioners

from mlops_local.botocore_session import new_session

_model = new_session().get_service_model("s3")
_serializer = create_serializer(_model.metadata["protocol"])


def apply() -> None:
    provisioners._S3_BUCKET_CONFIGURATIONS += (
        ("Tags", _body("PutBucketTagging", "Tagging", lambda tags: {"TagSet": tags}),
         s3._put_bucket_tagging, s3._delete_bucket_tagging),
        ("BucketEncryption", _body("PutBucketEncryption", "ServerSideEncryptionConfiguration", _encryption),
         s3._put_bucket_encryption, s3._delete_bucket_encryption),
        ("LifecycleConfiguration", _body("PutBucketLifecycleConfiguration", "LifecycleConfiguration", _lifecycle),
         s3._put_bucket_lifecycle, s3._delete_bucket_lifecycle),
        ("OwnershipControls", _body("PutBucketOwnershipControls", "OwnershipControls", lambda value: value),
         s3._put_bucket_ownership_controls, s3._delete_bucket_ownership_controls),
        ("LoggingConfiguration", _body("PutBucketLogging", "BucketLoggingStatus", _logging),
         s3._put_bucket_logging, lambda name: s3._bucket_logging_config.pop(name, None)),
    )
    handler = provisioners._RESOURCE_HANDLERS["AWS::S3::Bucket"]
    delete = handler["delete"]

    def delete_empty(physical_id: str, props: dict):
        bucket = s3._buckets.get(physical_id)
        if bucket and (bucket["objects"] or s3._bucket_has_versions(physical_id)):
            raise ValueError("The bucket you tried to delete is not empty. You must delete all versions in the bucket. "
                             f"(Service: S3, Status Code: 409, Bucket: {physical_id})")
        return delete(physical_id, props)

    handler["delete"] = delete_empty


def _body(operation: str, member: str, translate: Callable[[Any], dict]) -> Callable[[Any], bytes]:
    def to_xml(value: Any) -> bytes:
        request = _serializer.serialize_to_request({"Bucket": "bucket", member: translate(value)},
                                                   _model.operation_model(operation))
        body = request["body"]
        return body if isinstance(body, bytes) else body.encode()

    return to_xml


def _encryption(value: dict) -> dict:
    rules = []
    for rule in value["ServerSideEncryptionConfiguration"]:
        translated = {"ApplyServerSideEncryptionByDefault": rule.get("ServerSideEncryptionByDefault", {})}
        if "BucketKeyEnabled" in rule:
            translated["BucketKeyEnabled"] = _flag(rule["BucketKeyEnabled"])
        rules.append(translated)
    return {"Rules": rules}


def _logging(value: dict) -> dict:
    return {"LoggingEnabled": {
        "TargetBucket": value.get("DestinationBucketName", ""),
        "TargetPrefix": value.get("LogFilePrefix", ""),
    }}


def _lifecycle(value: dict) -> dict:
    return {"Rules": [_lifecycle_rule(rule) for rule in value.get("Rules", [])]}


def _lifecycle_rule(rule: dict) -> dict:
    translated: dict[str, Any] = {"Status": rule["Status"], "Filter": {"Prefix": rule.get("Prefix", "")}}
    if "Id" in rule:
        translated["ID"] = rule["Id"]
    expiration: dict[str, Any] = {}
    if "ExpirationInDays" in rule:
        expiration["Days"] = int(rule["ExpirationInDays"])
    if "ExpiredObjectDeleteMarker" in rule:
        expiration["ExpiredObjectDeleteMarker"] = _flag(rule["ExpiredObjectDeleteMarker"])
    if expiration:
        translated["Expiration"] = expiration
    if "NoncurrentVersionExpirationInDays" in rule:
        translated["NoncurrentVersionExpiration"] = {"NoncurrentDays": int(rule["NoncurrentVersionExpirationInDays"])}
    if "NoncurrentVersionExpiration" in rule:
        translated["NoncurrentVersionExpiration"] = _numbers(rule["NoncurrentVersionExpiration"])
    if "AbortIncompleteMultipartUpload" in rule:
        translated["AbortIncompleteMultipartUpload"] = _numbers(rule["AbortIncompleteMultipartUpload"])
    if "Transitions" in rule:
        translated["Transitions"] = [
            {"StorageClass": item["StorageClass"], "Days": int(item.get("TransitionInDays", 0))}
            for item in rule["Transitions"]]
    if "NoncurrentVersionTransitions" in rule:
        translated["NoncurrentVersionTransitions"] = [
            {"StorageClass": item["StorageClass"], "NoncurrentDays": int(item["TransitionInDays"])}
            for item in rule["NoncurrentVersionTransitions"]]
    return translated


def _numbers(value: dict) -> dict:
    return {name: int(number) for name, number in value.items()}


def _flag(value: Any) -> bool:
    return str(value).lower() == "true"
