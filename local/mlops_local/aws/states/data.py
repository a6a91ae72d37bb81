"""What a state does to its data, in either query language.

JSONPath keeps MiniStack's functions. JSONata's Output and Assign both see the variables as they were before the
state, as the Amazon States Language says.
"""

import json
from typing import Any

from ministack.services import stepfunctions

from mlops_local.aws.states.errors import DATA_LIMIT_EXCEEDED, RUNTIME, StateError

MAX_PAYLOAD_BYTES = 256 * 1024


def uses_jsonata(state: dict, context: dict) -> bool:
    return stepfunctions._state_query_language(state, context) == "JSONata"


def evaluate(value: Any, data: Any, context: dict, result: Any = None, error: Any = None) -> Any:
    """Replaces every `{% ... %}` in a template by its value."""
    return stepfunctions._apply_jsonata_template(value, data, context, result, error)


def arguments(state: dict, data: Any, context: dict) -> Any:
    """What a task or a branch is given."""
    if uses_jsonata(state, context):
        return evaluate(state["Arguments"], data, context) if "Arguments" in state else data
    effective = stepfunctions._apply_input_path(state, data, context)
    return stepfunctions._apply_parameters(state, effective, context)


def finish(state: dict, data: Any, context: dict, result: Any, default: Any = None) -> Any:
    """The state's output from its result; JSONata's Assign is applied too."""
    if uses_jsonata(state, context):
        output = evaluate(state["Output"], data, context, result) if "Output" in state else default
        assign(state, data, context, result=result)
        return output
    refuse_jsonpath_assign(state)
    selected = stepfunctions._apply_result_selector(state, result)
    combined = stepfunctions._apply_result_path(state, data, selected)
    return stepfunctions._apply_output_path(state, combined, context)


def assign(template: dict, data: Any, context: dict, result: Any = None, error: Any = None) -> None:
    values = {name: evaluate(value, data, context, result, error)
              for name, value in (template.get("Assign") or {}).items()}
    context["variables"].update(values)


def refuse_jsonpath_assign(state: dict) -> None:
    if "Assign" in state:
        raise StateError(RUNTIME, "Assign in a JSONPath state is not implemented by the local target; use JSONata")


def number(state: dict, field: str, data: Any, context: dict, default: float | None = None) -> float | None:
    """A numeric field that may be a JSONata expression or, as <field>Path, a JSONPath reference."""
    if field in state:
        if uses_jsonata(state, context):
            return stepfunctions._jsonata_state_field(state, field, "number", data, context)
        return state[field]
    path = state.get(f"{field}Path")
    return stepfunctions._resolve_path_or_ctx(path, data, context) if path else default


def check_size(value: Any, what: str) -> str:
    """The JSON text of a payload; over 256 KB it is States.DataLimitExceeded."""
    text = json.dumps(value, ensure_ascii=False)
    if len(text) * 4 > MAX_PAYLOAD_BYTES and len(text.encode()) > MAX_PAYLOAD_BYTES:
        raise StateError(DATA_LIMIT_EXCEEDED,
                         f"The state/task returned a result with a size exceeding the maximum number of bytes service "
                         f"limit ({what}, {MAX_PAYLOAD_BYTES} bytes).")
    return text
