"""Roles: the credentials of a process that acts with one, and the check of an action that a service does with one."""

import os
import secrets
import threading
import time
from typing import Any

from ministack.core import iam_actions, iam_evaluator
from ministack.core.responses import get_region
from ministack.services import iam, sts

from mlops_local.aws import decisions

SESSION_SECONDS = 12 * 3600

_service_sessions: dict[str, tuple[float, str, dict[str, str]]] = {}
_service_lock = threading.Lock()


class AccessDenied(Exception):
    """An action that the role's policies do not allow, in the words of AWS."""


def assumed_role_arn(role_arn: str, session_name: str) -> str:
    role_name = role_arn.rsplit("/", 1)[-1]
    return f"arn:aws:sts::{role_arn.split(':')[4]}:assumed-role/{role_name}/{session_name[:64]}"


def role_credentials(role_arn: str, session_name: str) -> dict[str, str]:
    """What sts:AssumeRole answers to a service that acts with a role."""
    access_key = "ASIA" + secrets.token_hex(8).upper()
    session = {
        "Arn": assumed_role_arn(role_arn, session_name),
        "UserId": f"{sts._role_id(role_arn)}:{session_name[:64]}",
        "SecretAccessKey": secrets.token_urlsafe(30),
        "SessionToken": secrets.token_urlsafe(120),
        "Expiration": time.time() + SESSION_SECONDS,
        "AccountId": role_arn.split(":")[4],
        "PrincipalType": "AssumedRole",
    }
    sts.register_session(access_key, session)
    return {
        "AccessKeyId": access_key,
        "SecretAccessKey": session["SecretAccessKey"],
        "SessionToken": session["SessionToken"],
    }


def role_environment(role_arn: str, session_name: str) -> dict[str, str]:
    """The environment variables of a process that acts with the role, and reaches this target."""
    credentials = role_credentials(role_arn, session_name)
    return {
        "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
        "AWS_SESSION_TOKEN": credentials["SessionToken"],
        "AWS_REGION": get_region(),
        "AWS_DEFAULT_REGION": get_region(),
        "AWS_ENDPOINT_URL": os.environ["AWS_ENDPOINT_URL"],
        "AWS_DATA_PATH": os.environ["AWS_DATA_PATH"],
    }


def authorize(role_arn: str, action: str, resource: str, context: dict[str, Any] | None = None,
              session_name: str = "session") -> None:
    """Raises AccessDenied unless the role may do the action on the resource.

    Identity policies, the permissions boundary and the resource's own policy count, through the evaluator that
    also judges every signed request. `context` holds the service's condition keys, such as `states:HTTPMethod`.
    """
    caller = assumed_role_arn(role_arn, session_name)
    account = role_arn.split(":")[4]
    role_name = role_arn.rsplit("/", 1)[-1]
    request = iam_evaluator.EvalContext(
        principal_arn=caller,
        principal_type="AssumedRole",
        principal_account=account,
        action=action,
        resource_arn=resource,
        region=get_region(),
        source_ip="127.0.0.1",
        secure_transport=True,
        service_context={"aws:tagkeys": None, **{key.lower(): value for key, value in (context or {}).items()}},
    )
    policies = iam_evaluator._gather_role_policies(role_name, account)
    limits = iam_evaluator._permissions_boundary(iam._roles, role_name, account)
    result = iam_evaluator.evaluate(request, policies, *limits)
    service = action.split(":")[0]
    found = iam_evaluator._resource_policy(service, resource)
    if found is not None:
        required = service in iam_evaluator._POLICY_REQUIRED
        result = iam_evaluator.combine_resource_policy(result, request, *found, required=required, limits=limits)
    decisions.record(caller, action, resource, context, result.decision == "Allow")
    if result.decision != "Allow":
        denied = iam_actions.identity_denial_message(action, caller, resource, result.decision == "Deny")
        raise AccessDenied(denied)


def pass_role(role_arn: str, passed: str, service: str, session_name: str = "session") -> None:
    """Raises AccessDenied unless the role may pass another one to a service."""
    authorize(role_arn, "iam:PassRole", passed, {"iam:PassedToService": service}, session_name)




def service_session(role_arn: str) -> str:
    """The name of the session in which a service acts with a role; AWS draws a random one too."""
    return _service_session(role_arn)[0]


def service_credentials(role_arn: str) -> dict[str, str]:
    """A service's credentials of a role, kept and renewed before they expire."""
    return _service_session(role_arn)[1]


def _service_session(role_arn: str) -> tuple[str, dict[str, str]]:
    with _service_lock:
        until, name, credentials = _service_sessions.get(role_arn, (0.0, "", {}))
        if until < time.time() or credentials["AccessKeyId"] not in sts._sessions:
            name = secrets.token_urlsafe(24).replace("_", "-")
            credentials = role_credentials(role_arn, name)
            until = time.time() + SESSION_SECONDS / 2
            _service_sessions[role_arn] = (until, name, credentials)
        return name, credentials
