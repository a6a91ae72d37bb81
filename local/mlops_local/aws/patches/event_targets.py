"""EventBridge delivers only what its targets' policies and roles allow, as on AWS; MiniStack delivers anything.

A state machine or an API destination needs the target's role; a topic, a queue and a function need a resource policy
that names events.amazonaws.com. A refused delivery is logged and dropped (a FailedInvocation on AWS).
"""

import contextvars
import logging
from collections.abc import Callable

from ministack.core import iam_evaluator
from ministack.core.responses import get_account_id, get_region
from ministack.services import eventbridge, lambda_svc, sns, sqs

from mlops_local.aws import auth

logger = logging.getLogger("mlops.events")

SERVICE = "events.amazonaws.com"

_delivery: contextvars.ContextVar[tuple[dict, dict]] = contextvars.ContextVar("mlops_delivery")


def apply() -> None:
    invoke = eventbridge._invoke_target

    def invoke_target(target, event, rule, view=None):
        token = _delivery.set((target, rule or {}))
        try:
            return invoke(target, event, rule, view)
        finally:
            _delivery.reset(token)

    eventbridge._invoke_target = invoke_target
    eventbridge._dispatch_to_stepfunctions = _guarded(
        eventbridge._dispatch_to_stepfunctions, lambda arn, *_: _role_may("states:StartExecution", arn))
    eventbridge._dispatch_to_api_destination = _guarded(
        eventbridge._dispatch_to_api_destination, lambda spec, *_: _role_may("events:InvokeApiDestination", str(spec)))
    eventbridge._dispatch_to_sns = _guarded(
        eventbridge._dispatch_to_sns,
        lambda arn, *_: sns.topic_policy_allows(arn, SERVICE, _rule_arn(), get_account_id()))
    eventbridge._dispatch_to_sqs = _guarded(
        eventbridge._dispatch_to_sqs,
        lambda spec, *_: sqs.queue_policy_allows(str(spec), SERVICE, _rule_arn(), get_account_id()))
    eventbridge._dispatch_to_lambda = _guarded(
        eventbridge._dispatch_to_lambda, lambda arn, *_: _function_policy_allows(arn))


def _guarded(dispatch: Callable, allowed: Callable[..., bool]) -> Callable:
    def guarded(target, *arguments):
        if allowed(target, *arguments):
            return dispatch(target, *arguments)
        logger.warning("EventBridge rule %s may not deliver to %s: its role or the target's policy does not allow it",
                       _rule_arn(), target)
        return None

    return guarded


def _rule_arn() -> str:
    return _delivery.get(({}, {}))[1].get("Arn", "")


def _role_may(action: str, resource: str) -> bool:
    role = _delivery.get(({}, {}))[0].get("RoleArn")
    if not role:
        logger.warning("EventBridge rule %s has no role for its target %s", _rule_arn(), resource)
        return False
    try:
        auth.authorize(role, action, resource)
    except auth.AccessDenied as denied:
        logger.warning("EventBridge: %s", denied)
        return False
    return True


def _function_policy_allows(arn: str) -> bool:
    found = lambda_svc.function_policy_for_arn(arn)
    if found is None:
        return True  # MiniStack says that the function does not exist
    request = iam_evaluator.EvalContext(
        principal_arn="*", principal_type="Service", principal_account="", action="lambda:InvokeFunction",
        resource_arn=arn, region=get_region(),
        service_context={"aws:sourcearn": _rule_arn(), "aws:sourceaccount": get_account_id()})
    return iam_evaluator.evaluate_resource_policy(found[0], request, service=SERVICE).decision == "Allow"
