"""`aws:kms` without a key means the bucket's own key, or the account's alias/aws/s3; MiniStack refuses it.

The CDK CLI uploads every asset that way, so a bootstrap bucket with encryption would take none.
"""

from ministack.core.responses import get_account_id, get_region
from ministack.services import s3

ALGORITHM = "x-amz-server-side-encryption"
KEY = "x-amz-server-side-encryption-aws-kms-key-id"


def apply() -> None:
    resolve = s3._resolve_sse_write_headers

    def resolve_sse_write_headers(headers: dict, bucket_name: str):
        if headers.get(ALGORITHM) == "aws:kms" and not headers.get(KEY):
            key = s3._bucket_default_sse_headers(bucket_name).get(KEY)
            headers = {**headers, KEY: key or f"arn:aws:kms:{get_region()}:{get_account_id()}:alias/aws/s3"}
        return resolve(headers, bucket_name)

    s3._resolve_sse_write_headers = resolve_sse_write_headers
