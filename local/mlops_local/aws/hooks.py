"""Every private name of MiniStack that this package uses, asserted once at start.

MiniStack is pinned exactly and never modified; when a new version moves one of these names, the target says so
instead of failing somewhere in the middle of a deployment.
"""

import importlib
import inspect
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

MINISTACK_VERSION = "1.5.33"


@dataclass(frozen=True)
class Hook:
    """A name in a module, and what it must be: a type, or the names of a function's parameters."""

    module: str
    name: str
    kind: Any

    def problem(self) -> str | None:
        found = getattr(importlib.import_module(self.module), self.name, None)
        if found is None:
            return f"{self.module}.{self.name} is gone"
        if isinstance(self.kind, str):
            parameters = " ".join(inspect.signature(found).parameters)
            if parameters != self.kind:
                return f"{self.module}.{self.name} takes ({parameters}), expected ({self.kind})"
        elif not isinstance(found, self.kind):
            return f"{self.module}.{self.name} is a {type(found).__name__}, expected {self.kind.__name__}"
        return None


def _hooks(module: str, **names: Any) -> list[Hook]:
    return [Hook(f"ministack.{module}", name, kind) for name, kind in names.items()]


BUCKET_CONFIGURATIONS = ("encryption", "lifecycle", "ownership_controls", "tagging")

HOOKS = [
    *_hooks("app", SERVICE_REGISTRY=dict, SERVICE_HANDLERS=dict, _loaded_modules=dict, _state_map=dict,
            app="scope receive send", _handle_lifespan="scope receive send",
            _build_persistence_save_dict="", pin_request_origin="source_ip secure_transport",
            call_service_handler_sync="handler method path headers body query_params timeout"),
    *_hooks("core.router", SERVICE_PATTERNS=dict),
    *_hooks("core.persistence", save_all="services"),
    *_hooks("core.responses", AccountRegionScopedDict=type, get_account_id="", get_region=""),
    *_hooks("core.iam_actions", SERVICE_TO_IAM_NAMESPACE=dict,
            extract_iam_action="service method path headers body query_params",
            extract_resource_arn="service method path headers body query_params region account_id",
            access_denied_response="service action principal_arn request_id error_code message headers resource_arn "
                                   "explicit_deny resource_policy_arn",
            identity_denial_message="action principal_arn resource explicit_deny"),
    *_hooks("core.iam_evaluator", pin_request_origin="source_ip secure_transport", EvalContext=type,
            EvalResult=type,
            enforce="access_key_id iam_action service region resource_arn service_context",
            evaluate="ctx policies limits", _gather_role_policies="role_name account_id",
            _permissions_boundary="store name account_id", _resource_policy="service resource_arn",
            evaluate_resource_policy="doc ctx service named_only direct_only",
            combine_resource_policy="identity ctx policy owner_account required limits", _POLICY_REQUIRED=frozenset),
    *_hooks("services.iam", _roles=object),
    *_hooks("services.eventbridge", _put_events="data allow_aws_source",
            _invoke_target="target event rule view",
            _apply_input_transformer="transformer rule view", _render_input_template="template replacements",
            _matches_pattern_view=object, _rules=object, _dispatch_to_stepfunctions="arn payload",
            _dispatch_to_api_destination="spec payload target", _dispatch_to_sns="arn payload",
            _dispatch_to_sqs="spec payload sqs_parameters", _dispatch_to_lambda="arn payload",
            _connections=object, _api_destinations=object, _create_connection="data",
            _update_connection="data", _delete_connection="data", _describe_connection="data",
            _create_api_destination="data",
            _update_api_destination="data", _delete_api_destination="data",
            _connection_auth_headers="conn token_key force_refresh"),
    *_hooks("services.stepfunctions", _ExecutionError=type, _state_machines=object, _executions=object,
            _task_tokens=object, _activities=object, _activity_tasks=object, _start_execution="data",
            _stop_execution="data", _run_execution="exec_arn", _add_event="execution event_type details",
            _emit_execution_status_event="execution", _resolve_state_machine_arn="arn", _default_encryption="",
            _state_query_language="state_def ctx", _iso_to_epoch_ms="iso", _json_type="value", _parse_ts="v",
            _apply_jsonata_template="value raw_input ctx result error_output",
            _jsonata_state_field="state_def field expected raw_input ctx",
            _jsonata_wait_seconds="state_def raw_input ctx", _jsonata_wait_timestamp="state_def raw_input ctx",
            _apply_input_path="state_def data ctx", _apply_parameters="state_def data ctx",
            _apply_result_selector="state_def data", _apply_result_path="state_def original result",
            _apply_result_path_raw="result_path original result", _apply_output_path="state_def data ctx",
            _resolve_path="path data", _resolve_path_or_ctx="path data ctx", _resolve_params_obj="template data ctx",
            _execute_choice="state_def raw_input ctx", _fail_state_error="state_def raw_input ctx",
            _invoke_resource="resource input_data"),
    *_hooks("services.cloudwatch",
            _store_datum="namespace name dims ts unit value values counts stat_values",
            _alarms=object, _composite_alarms=object, _metrics=object, _evaluate_alarm="alarm",
            _record_history="alarm_name old_state new_state reason alarm_type reason_data",
            _dispatch_alarm_actions="alarm old_state new_state reason",
            _evaluate_parent_alarms=object, _put_metric_alarm="params cbor_data is_cbor is_json",
            _dims_key="dims", _dims_from_list="dimensions", _calc_stats="points",
            _stat_value="stats stat_name points", _error=object, _p="params key default",
            record_metric="namespace metric_name value unit dimensions"),
    *_hooks("services.sns", topic_policy_allows="topic_arn service source_arn source_account", _topics=object,
            _p="params key default"),
    *_hooks("services.sqs", queue_policy_allows="queue_arn service source_arn source_account"),
    *_hooks("core.lambda_runtime", invalidate_worker="func_name qualifier account region", _NODEJS_WORKER_SCRIPT=str),
    *_hooks("services.lambda_svc", function_policy_for_arn="resource_arn",
            _execute_function_warm="func event request_id"),
    *_hooks("services.secretsmanager", _secrets=object, _update_secret="data",
            _store_new_secret="name secret_string secret_binary description tags kms_key_id rotation_lambda_arn "
                              "rotation_rules"),
    *_hooks("services.s3", _bucket_tags=object, _bucket_encryption=object, _buckets=object, _bucket_has_versions="name",
            _resolve_sse_write_headers="headers bucket_name", _bucket_default_sse_headers="bucket_name",
            _stored_sse_headers="obj", _bucket_logging_config=object, _put_bucket_logging="name body",
            **{f"_put_bucket_{name}": "name body" for name in BUCKET_CONFIGURATIONS},
            **{f"_delete_bucket_{name}": "name" for name in BUCKET_CONFIGURATIONS}),
    *_hooks("services.kms", _resolve_key="key_id_or_arn"),
    *_hooks("services.sts", register_session="access_key session", _role_id="role_arn", _sessions=dict),
    *_hooks("services.cloudformation", _stacks=object),
    *_hooks("services.cloudformation.engine", _evaluate_conditions="template params",
            _resolve_refs="value resources params conditions mappings stack_name stack_id"),
    *_hooks("services.cloudformation.provisioners", _RESOURCE_HANDLERS=dict, _REPLACING_PROPERTIES=dict,
            _physical_name=object, _S3_BUCKET_CONFIGURATIONS=tuple,
            _cw_metric_alarm_record="name props", _STACK_TAG_PROPERTY=dict),
    *_hooks("services.cloudformation.stacks", _runs_on_worker_thread="resource_type"),
]


def check() -> None:
    """Ends with one line per broken hook; returns when every name is as expected."""
    found = version("ministack")
    problems = [hook.problem() for hook in HOOKS]
    if found != MINISTACK_VERSION:
        problems.insert(0, f"ministack {found} is installed, expected {MINISTACK_VERSION}")
    problems = [problem for problem in problems if problem]
    if problems:
        raise SystemExit("the local target does not fit this MiniStack:\n  " + "\n  ".join(problems))
