"""boto3 clients that call this very target, as its administrator or with a role's credentials."""

from __future__ import annotations

import os
import threading

import boto3
from botocore.client import BaseClient
from botocore.config import Config
from ministack.core.responses import get_region

_session = boto3.Session()
_session_lock = threading.Lock()
_config = Config(retries={"max_attempts": 2}, max_pool_connections=20, parameter_validation=False,
                 s3={"addressing_style": "path"})


def client(service: str, credentials: dict[str, str] | None = None) -> BaseClient:
    """A client in the caller's region; `credentials` are environment variables, as `role_environment` answers them."""
    keys = credentials or {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    with _session_lock:  # making clients from one session is not thread-safe, using them is
        return _session.client(
            service,
            endpoint_url=os.environ["AWS_ENDPOINT_URL"],
            region_name=get_region(),
            aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=keys.get("AWS_SESSION_TOKEN"),
            config=_config,
        )


def role_environment(role_arn: str, session_name: str) -> dict[str, str]:
    """What a process needs to act with a role against this target."""
    from mlops_local.aws import auth

    return auth.role_environment(role_arn, session_name)
