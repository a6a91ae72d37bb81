"""AWS::StepFunctions::StateMachine loses its LoggingConfiguration (wrong case) and TracingConfiguration."""

from typing import Any

from ministack.services import stepfunctions
from ministack.services.cloudformation import provisioners

TYPE = "AWS::StepFunctions::StateMachine"
OFF = {"level": "OFF", "includeExecutionData": False}


def apply() -> None:
    handler = provisioners._RESOURCE_HANDLERS[TYPE]
    create, update = handler["create"], handler["update"]

    def create_configured(logical_id, props, stack_name):
        physical_id, attributes = create(logical_id, props, stack_name)
        _configure(physical_id, props)
        return physical_id, attributes

    def update_configured(physical_id, old_props, new_props, stack_name, logical_id=None):
        physical_id, attributes = update(physical_id, old_props, new_props, stack_name, logical_id)
        _configure(physical_id, new_props)
        return physical_id, attributes

    handler.update(create=create_configured, update=update_configured)


def _configure(arn: str, props: dict) -> None:
    machine = stepfunctions._state_machines[arn]
    logging = props.get("LoggingConfiguration")
    tracing = props.get("TracingConfiguration") or {}
    machine["loggingConfiguration"] = {**OFF, **_camel_case(logging)} if logging else dict(OFF)
    machine["tracingConfiguration"] = {"enabled": str(tracing.get("Enabled", "false")).lower() == "true"}


def _camel_case(value: Any) -> Any:
    """CloudFormation's names as the API spells them; flags may come as strings."""
    if isinstance(value, dict):
        return {name[0].lower() + name[1:]: _camel_case(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_camel_case(item) for item in value]
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value
