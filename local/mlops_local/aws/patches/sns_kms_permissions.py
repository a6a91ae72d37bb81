"""Who publishes to an encrypted topic needs kms:GenerateDataKey and kms:Decrypt of its key; MiniStack asks for neither.

AWS::SNS::Topic drops KmsMasterKeyId, so the handler keeps it. The account's alias/aws/sns is open to who may publish.
https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
"""

import uuid
from urllib.parse import parse_qs

import ministack.app
from ministack.core import iam_actions, iam_evaluator, router
from ministack.core.responses import get_region
from ministack.services import kms, sns
from ministack.services.cloudformation import provisioners

ACTIONS = ("kms:GenerateDataKey", "kms:Decrypt")
KEY = "KmsMasterKeyId"


def apply() -> None:
    _keep_key(provisioners._RESOURCE_HANDLERS["AWS::SNS::Topic"])
    handle = ministack.app.SERVICE_HANDLERS["sns"]

    async def handle_request(method, path, headers, body, query_params):
        return _denied(headers, body, query_params) or await handle(method, path, headers, body, query_params)

    ministack.app.SERVICE_HANDLERS["sns"] = handle_request


def _keep_key(handler: dict) -> None:
    create, update = handler["create"], handler["update"]

    def create_with_key(logical_id, props, stack_name):
        return _with_key(create(logical_id, props, stack_name), props)

    def update_with_key(physical_id, old_props, new_props, stack_name, logical_id=None):
        return _with_key(update(physical_id, old_props, new_props, stack_name, logical_id), new_props)

    handler.update(create=create_with_key, update=update_with_key)


def _with_key(made: tuple, props: dict) -> tuple:
    attributes = sns._topics[made[0]]["attributes"]
    attributes.pop(KEY, None)
    if props.get(KEY):
        attributes[KEY] = props[KEY]
    return made


def _denied(headers: dict, body: bytes, query_params: dict) -> tuple | None:
    request = {**query_params, **parse_qs(body.decode(errors="replace"))}
    if sns._p(request, "Action") not in ("Publish", "PublishBatch"):
        return None
    topic = sns._topics.get(sns._p(request, "TopicArn"), {})
    key = kms._resolve_key(topic.get("attributes", {}).get(KEY) or "")
    for action in ACTIONS if key else ():
        denied = iam_evaluator.enforce(
            router.extract_access_key_id(headers, query_params), action, "kms", get_region(), resource_arn=key["Arn"],
            service_context={"kms:ViaService": f"sns.{get_region()}.amazonaws.com"})
        if isinstance(denied, iam_evaluator.EvalResult):
            return iam_actions.access_denied_response("sns", action, denied.principal_arn, str(uuid.uuid4()),
                                                      headers=headers, resource_arn=key["Arn"],
                                                      explicit_deny=denied.decision == "Deny")
    return None
