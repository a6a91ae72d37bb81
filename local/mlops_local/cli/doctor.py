"""`npm run doctor`: how the outside services of the deployed stacks are. What runs in AWS is AWS's to watch."""

import sys

from mlops_local.cli import probes
from mlops_local.cli.published import Published, SecretUnreadable
from mlops_local.settings import Settings


def run(settings: Settings, stack: str | None, aws: bool) -> int:
    """Prints a line for each component, and one for each fault; 1 when there is a fault."""
    published = Published.read(settings, stack, aws, "doctor")
    print(f"in {published.where}")
    faults = 0
    for name, components in published.bindings.items():
        print(f"\n{name}")
        for component, binding in components.items():
            faults += _tell(published, component, binding)
    print(f"\n{faults} {'fault' if faults == 1 else 'faults'}")
    return 1 if faults else 0


def _tell(published: Published, component: str, binding: dict) -> int:
    """Tells how one component is; 1 when it has a fault, after which it is asked nothing else."""
    asked = binding.get("probes")
    fault = next(filter(None, (_fault(published, probe, binding["secrets"]) for probe in asked or [])), None)
    state = "in AWS" if asked is None else "fault" if fault else ", ".join(dict.fromkeys(probe["shows"] for probe in asked)) or "cannot be asked"
    print(f"  {component:<20} {binding['provider']:<18} {state}", flush=True)
    if fault:
        print(f"error: {component}: {fault}", file=sys.stderr, flush=True)
    return 1 if fault else 0


def _fault(published: Published, probe: dict, secrets: dict) -> str | None:
    credentials = {}
    for name in probes.credentials_of(probe):
        try:
            credentials[name] = published.secret(secrets[name])
        except SecretUnreadable as unreadable:
            return unreadable.of(name)
    return probes.fault_of(probe, credentials)
