"""Who writes an object under a KMS key needs kms:GenerateDataKey, who reads it kms:Decrypt; MiniStack asks for neither.

A role that lacks them works on the laptop and fails on AWS. The key's own policy counts as well. The account's
alias/aws/s3 is open to everybody who may use the bucket, as on AWS.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
"""

import uuid
from urllib.parse import unquote

import ministack.app
from ministack.core import iam_actions, iam_evaluator, router
from ministack.core.responses import get_region
from ministack.services import kms, s3

ALGORITHM = "x-amz-server-side-encryption"
KEY = "x-amz-server-side-encryption-aws-kms-key-id"
SOURCE = "x-amz-copy-source"
SUBRESOURCES = ("acl", "tagging", "retention", "legal-hold", "attributes", "torrent")


def apply() -> None:
    handle = ministack.app.SERVICE_HANDLERS["s3"]

    async def handle_request(method, path, headers, body, query_params):
        return _denied(method, path, headers, query_params) or await handle(method, path, headers, body, query_params)

    ministack.app.SERVICE_HANDLERS["s3"] = handle_request


def _denied(method: str, path: str, headers: dict, query_params: dict) -> tuple | None:
    bucket, _, key = path.lstrip("/").partition("/")
    if not key or any(name in query_params for name in SUBRESOURCES):
        return None
    for action, arn in _needed(method, bucket, unquote(key), headers, query_params):
        denied = iam_evaluator.enforce(
            router.extract_access_key_id(headers, query_params), action, "kms", get_region(), resource_arn=arn,
            service_context={"kms:ViaService": f"s3.{get_region()}.amazonaws.com"})
        if isinstance(denied, iam_evaluator.EvalResult):
            return iam_actions.access_denied_response("s3", action, denied.principal_arn, str(uuid.uuid4()),
                                                      headers=headers, resource_arn=arn,
                                                      explicit_deny=denied.decision == "Deny")
    return None


def _needed(method: str, bucket: str, key: str, headers: dict, query_params: dict) -> list[tuple[str, str]]:
    """The KMS actions of a request, each with the ARN of its key."""
    needed = []
    if method == "GET":
        needed.append(("kms:Decrypt", _key_of_object(bucket, key)))
    if method == "PUT" or (method == "POST" and "uploads" in query_params):
        needed.append(("kms:GenerateDataKey", _key_for_write(bucket, headers)))
        if "uploadId" in query_params or "uploads" in query_params:
            needed.append(("kms:Decrypt", _key_for_write(bucket, headers)))
        if SOURCE in headers:
            source_bucket, _, source_key = unquote(headers[SOURCE]).partition("?")[0].lstrip("/").partition("/")
            needed.append(("kms:Decrypt", _key_of_object(source_bucket, source_key)))
    return [(action, arn) for action, arn in needed if arn]


def _key_for_write(bucket: str, headers: dict) -> str | None:
    if ALGORITHM in headers and headers[ALGORITHM] != "aws:kms":
        return None
    return _customer_key(headers.get(KEY) or s3._bucket_default_sse_headers(bucket).get(KEY))


def _key_of_object(bucket: str, key: str) -> str | None:
    stored = (s3._buckets.get(bucket) or {}).get("objects", {}).get(key)
    return _customer_key(s3._stored_sse_headers(stored).get(KEY)) if stored else None


def _customer_key(key_id: str | None) -> str | None:
    """The ARN of a key that somebody made; the account's own alias/aws/s3 is none."""
    record = kms._resolve_key(key_id) if key_id else None
    return record["Arn"] if record else None
