"""Expressions of CloudWatch's metric math, evaluated for one period.

The part of the language that alarms use: arithmetic, comparisons, AND and OR, and the functions of `FUNCTIONS`. A
missing data point is None, and so is what is computed from one.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

import ast
import math
import operator
import re
from collections.abc import Callable
from typing import Any

Value = float | list | None

ARITHMETIC: dict[type, Callable[[float, float], float]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
COMPARISONS: dict[type, Callable[[float, float], bool]] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


def evaluate(expression: str, values: dict[str, float | None]) -> float | None:
    """The expression's value for the period in which the metrics had these values; ValueError when it is unknown."""
    result = _evaluate(_parse(expression), values)
    if isinstance(result, list):
        raise ValueError(f"'{expression}' is a list of values, an alarm needs one")
    return result


def check(expression: str, names: list[str]) -> None:
    """Raises ValueError for an expression that cannot be evaluated here."""
    evaluate(expression, {name: 1.0 for name in names})


def _parse(expression: str) -> ast.expr:
    text = expression.replace("&&", " and ").replace("||", " or ").replace("<>", "!=").replace("^", "**")
    text = re.sub(r"\b(AND|OR)\b", lambda match: match[0].lower(), text)
    try:
        return ast.parse(text.strip(), mode="eval").body
    except SyntaxError:
        raise ValueError(f"'{expression}' is not an expression of metric math that the local target knows") from None


def _evaluate(node: ast.expr, values: dict[str, float | None]) -> Value:
    evaluator = EVALUATORS.get(type(node))
    if evaluator is None:
        raise ValueError(f"metric math here has no '{ast.unparse(node)}'")
    return evaluator(node, values)


def _constant(node: ast.Constant, _values: dict) -> Value:
    if not isinstance(node.value, (int, float)):
        raise ValueError(f"metric math here has no '{node.value}'")
    return float(node.value)


def _name(node: ast.Name, values: dict) -> Value:
    if node.id not in values:
        raise ValueError(f"metric math names '{node.id}', which is no metric of this alarm")
    return values[node.id]


def _list(node: ast.List, values: dict) -> Value:
    return [_evaluate(item, values) for item in node.elts]


def _unary(node: ast.UnaryOp, values: dict) -> Value:
    value = _evaluate(node.operand, values)
    if not isinstance(node.op, ast.USub):
        raise ValueError(f"metric math here has no '{ast.unparse(node)}'")
    return None if value is None else -value


def _binary(node: ast.BinOp, values: dict) -> Value:
    left, right = _evaluate(node.left, values), _evaluate(node.right, values)
    operation = ARITHMETIC.get(type(node.op))
    if operation is None:
        raise ValueError(f"metric math here has no '{ast.unparse(node)}'")
    if left is None or right is None:
        return None
    try:
        return operation(left, right)
    except ZeroDivisionError:
        return None


def _comparison(node: ast.Compare, values: dict) -> Value:
    left, right = _evaluate(node.left, values), _evaluate(node.comparators[0], values)
    if left is None or right is None:
        return None
    return float(COMPARISONS[type(node.ops[0])](left, right))


def _logical(node: ast.BoolOp, values: dict) -> Value:
    operands = [_evaluate(item, values) for item in node.values]
    if any(value is None for value in operands):
        return None
    return float(all(operands) if isinstance(node.op, ast.And) else any(operands))


def _call(node: ast.Call, values: dict) -> Value:
    function = FUNCTIONS.get(getattr(node.func, "id", ""))
    if function is None:
        raise ValueError(f"metric math here has no function '{ast.unparse(node.func)}'")
    return function(*(_evaluate(argument, values) for argument in node.args))


def _if(condition: Value, then: Value, otherwise: Value = None) -> Value:
    return None if condition is None else then if condition else otherwise


def _fill(value: Value, filler: Value) -> Value:
    return filler if value is None else value


def _over(reduce: Callable[[list], Any]) -> Callable[[Value], Value]:
    def function(value: Value) -> Value:
        known = [item for item in (value if isinstance(value, list) else [value]) if item is not None]
        return float(reduce(known)) if known else None

    return function


FUNCTIONS: dict[str, Callable[..., Value]] = {
    "IF": _if,
    "FILL": _fill,
    "ABS": lambda value: None if value is None else abs(value),
    "CEIL": lambda value: None if value is None else float(math.ceil(value)),
    "FLOOR": lambda value: None if value is None else float(math.floor(value)),
    "SUM": _over(sum),
    "AVG": _over(lambda items: sum(items) / len(items)),
    "MIN": _over(min),
    "MAX": _over(max),
}

EVALUATORS: dict[type, Callable[[Any, dict], Value]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.List: _list,
    ast.UnaryOp: _unary,
    ast.BinOp: _binary,
    ast.Compare: _comparison,
    ast.BoolOp: _logical,
    ast.Call: _call,
}
