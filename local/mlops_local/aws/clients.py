"""boto3 clients of this target itself, as the account's root, for handlers that run on worker threads."""

import functools
import os
from typing import Any

import boto3
from botocore.config import Config
from ministack.core.responses import get_account_id, get_region

from mlops_local.botocore_session import new_session


def client(service: str) -> Any:
    """A client that acts in the caller's account and region; the account id as access key selects the account."""
    return _client(service, get_account_id(), get_region())


@functools.cache
def _client(service: str, account: str, region: str) -> Any:
    session = boto3.session.Session(aws_access_key_id=account, aws_secret_access_key="test", region_name=region,
                                    botocore_session=new_session())
    config = Config(retries={"max_attempts": 1}, s3={"addressing_style": "path"}, max_pool_connections=32)
    return session.client(service, endpoint_url=os.environ["AWS_ENDPOINT_URL"], config=config)
