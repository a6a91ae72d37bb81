"""Conditions know no pseudo parameter and no function: `Fn::Equals` with AWS::Region is always false in MiniStack.

Every operand is resolved by MiniStack's own resolver before its conditions are evaluated.
"""

from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services.cloudformation import changesets, engine, handlers, provisioners, stacks

CALLERS = (changesets, engine, handlers, provisioners, stacks)
LOGICAL = ("Fn::Equals", "Fn::And", "Fn::Or", "Fn::Not", "Condition", "Ref")


def apply() -> None:
    evaluate = engine._evaluate_conditions

    def evaluate_conditions(template: dict, params: dict) -> dict:
        known = {**_pseudo_parameters(), **params}
        conditions = {name: _resolved(value, known, template.get("Mappings") or {})
                      for name, value in (template.get("Conditions") or {}).items()}
        return evaluate({**template, "Conditions": conditions}, known)

    for module in CALLERS:
        module._evaluate_conditions = evaluate_conditions


def _pseudo_parameters() -> dict:
    values = {"AWS::Region": get_region(), "AWS::AccountId": get_account_id(), "AWS::Partition": "aws",
              "AWS::URLSuffix": "amazonaws.com"}
    return {name: {"Value": value} for name, value in values.items()}


def _resolved(value: Any, params: dict, mappings: dict) -> Any:
    if isinstance(value, list):
        return [_resolved(item, params, mappings) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1 and next(iter(value)) not in LOGICAL:
        return engine._resolve_refs(value, {}, params, {}, mappings, "", "")
    return {name: _resolved(item, params, mappings) for name, item in value.items()}
