"""A denial names the resource, and APIs of the JSON protocol answer it with status 400, as AWS does."""

from ministack.core import iam_actions


def apply() -> None:
    respond = iam_actions.access_denied_response

    def access_denied_response(service, action, principal_arn, request_id, *, error_code="", message="", headers=None,
                               resource_arn="*", explicit_deny=False, resource_policy_arn=""):
        if not (message or error_code or resource_policy_arn):
            message = iam_actions.identity_denial_message(action, principal_arn, resource_arn, explicit_deny)
        status, reply_headers, body = respond(
            service, action, principal_arn, request_id, error_code=error_code, message=message, headers=headers,
            resource_arn=resource_arn, explicit_deny=explicit_deny, resource_policy_arn=resource_policy_arn)
        reply_headers = {"x-amzn-requestid": request_id, **reply_headers}
        json_protocol = "x-amz-target" in (headers or {})
        return 400 if json_protocol and status == 403 else status, reply_headers, body

    iam_actions.access_denied_response = access_denied_response
