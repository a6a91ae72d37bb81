"""boto3 clients that call this very target, as its administrator or with a role's credentials."""

from __future__ import annotations

import json
import os
import threading

import boto3
from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import ClientError
from ministack.core.responses import get_account_id, get_region

from mlops_local.botocore_session import new_session
from mlops_local.sagemaker.errors import invalid

_session = boto3.Session(botocore_session=new_session())
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


def require(role_arn: str, action: str, resource: str) -> None:
    """Refuse what SageMaker does with a role that the role may not do."""
    from mlops_local.aws import auth

    try:
        auth.authorize(role_arn, action, resource, session_name="SageMaker")
    except auth.AccessDenied as denied:
        raise invalid(str(denied)) from None


def check_role(role_arn: str) -> None:
    """Refuse a role that SageMaker could not assume."""
    if role_arn.split(":")[4] != get_account_id():
        return  # another account's roles are not known here
    try:
        role = client("iam").get_role(RoleName=role_arn.rpartition("/")[2])["Role"]
        trust = role["AssumeRolePolicyDocument"]
    except ClientError:
        trust = {}
    if not _trusts_sagemaker(json.loads(trust) if isinstance(trust, str) else trust):
        raise invalid(f"Could not assume role {role_arn}. Please ensure that the role exists and allows principal "
                      "'sagemaker.amazonaws.com' to assume the role.")


def _trusts_sagemaker(document: dict) -> bool:
    statements = document.get("Statement", [])
    for statement in statements if isinstance(statements, list) else [statements]:
        principal = statement.get("Principal", {})
        services = principal.get("Service", []) if isinstance(principal, dict) else principal
        if statement.get("Effect") == "Allow" and "sagemaker.amazonaws.com" in services:
            return True
    return False
