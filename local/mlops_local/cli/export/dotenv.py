"""A dotenv file: variables as they are, secrets as references, which `runtime/` resolves at the start of a program."""

import re
from collections.abc import Iterator

from mlops_local.cli.export import merged
from mlops_local.cli.published import Published

_PLAIN = re.compile(r"[\w@%+=:,./~-]*")


def export(published: Published, stack: str) -> None:
    print("\n".join(lines(published, stack)))


def lines(published: Published, stack: str) -> Iterator[str]:
    components = published.bindings[stack]
    merged.variables(components)
    yield f"# {stack}, in {published.where}. It holds no credential: MLOPS_SECRET_<NAME> says where <NAME> is, <arn>[:<field>]."
    known: set[str] = set()
    for component, binding in components.items():
        held = {f"MLOPS_SECRET_{name}": _reference(secret) for name, secret in binding["secrets"].items()}
        asked = {name: value for name, value in (binding["variables"] | held).items() if name not in known}
        known |= asked.keys()
        yield f"\n# {component}: {binding['provider']}"
        yield from (f"{name}={_quoted(value)}" for name, value in asked.items())


def _reference(secret: dict) -> str:
    return ":".join(filter(None, [secret["secretArn"], secret.get("field")]))


def _quoted(value: str) -> str:
    if _PLAIN.fullmatch(value):
        return value
    if "'" not in value and "\n" not in value:
        return f"'{value}'"
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$").replace("\n", "\\n")
    return f'"{escaped}"'
