"""What several components ask of one environment."""

from mlops_local.cli.failure import Failure


def variables(components: dict[str, dict]) -> dict[str, str]:
    """The variables of all components; what two of them set apart is refused, since a client reads one."""
    merged: dict[str, tuple[str, str]] = {}
    for component, binding in components.items():
        for name, value in binding["variables"].items():
            other, known = merged.setdefault(name, (component, value))
            if known != value:
                raise Failure("export", "Conflict", f"'{name}' is '{known}' for {other} and '{value}' for {component}: a client cannot use both")
    return {name: value for name, (_, value) in merged.items()}
