"""Blue/green deployment: a new fleet beside the old one, traffic moved in steps, alarms watched, and the way back.

The waits of a deployment configuration are minutes on AWS. Here each is cut to MLOPS_LOCAL_BAKE_SECONDS.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from mlops_local.sagemaker import alarms
from mlops_local.sagemaker.errors import JobFailure
from mlops_local.sagemaker.fleet import Fleet
from mlops_local.sagemaker.invocation import LiveEndpoint

LONGEST_WAIT = float(os.environ.get("MLOPS_LOCAL_BAKE_SECONDS", "5"))
_POLL_SECONDS = 0.2

Report = Callable[[str, str], None]


class RolledBack(JobFailure):
    """An alarm sent the traffic back to the old fleet."""


@dataclass(frozen=True)
class Step:
    """Send a share of the traffic to the new fleet, then watch for some seconds."""

    share: float
    seconds: float


def steps_of(config: dict | None, instances: int) -> list[Step]:
    """The steps of a deployment configuration; without one all traffic moves at once."""
    config = config or {}
    if config.get("RollingUpdatePolicy"):
        policy = config["RollingUpdatePolicy"]
        return list(_equal_steps(_fraction(policy["MaximumBatchSize"], instances), policy["WaitIntervalInSeconds"]))
    policy = config.get("BlueGreenUpdatePolicy", {})
    routing = policy.get("TrafficRoutingConfiguration", {"Type": "ALL_AT_ONCE"})
    bake = policy.get("TerminationWaitInSeconds", 0)
    return list(_STEPS[routing["Type"]](routing, bake, instances))


def _all_at_once(routing: dict, bake: float, instances: int) -> Iterator[Step]:
    yield Step(1.0, max(bake, routing.get("WaitIntervalInSeconds", 0)))


def _canary(routing: dict, bake: float, instances: int) -> Iterator[Step]:
    yield Step(_fraction(routing.get("CanarySize"), instances), routing["WaitIntervalInSeconds"])
    yield Step(1.0, bake)


def _linear(routing: dict, bake: float, instances: int) -> Iterator[Step]:
    *steps, last = _equal_steps(_fraction(routing.get("LinearStepSize"), instances), routing["WaitIntervalInSeconds"])
    yield from steps
    yield Step(1.0, max(bake, last.seconds if not bake else bake))


_STEPS = {"ALL_AT_ONCE": _all_at_once, "CANARY": _canary, "LINEAR": _linear}


def _equal_steps(fraction: float, seconds: float) -> Iterator[Step]:
    share = fraction
    while share < 0.999:
        yield Step(share, seconds)
        share += fraction
    yield Step(1.0, seconds)


def _fraction(size: dict | None, instances: int) -> float:
    """A capacity size as a share of the fleet, never nothing."""
    if size is None:
        return 0.1
    share = size["Value"] / 100 if size["Type"] == "CAPACITY_PERCENT" else size["Value"] / max(instances, 1)
    return min(max(share, 0.01), 1.0)


def deploy(live: LiveEndpoint, old: Fleet | None, new: Fleet, config: dict | None, report: Report) -> None:
    """Start the new fleet and move the traffic to it; on an alarm, or if it does not start, nothing has changed."""
    # What was counted before must not look like an error of this deployment because it is published during it.
    live.metrics.publish()
    started = time.time()
    report("Creating", "Launching instance(s).")
    new.start()
    if old is None:
        live.traffic.send_to((new, 1.0))
        return
    guards = [alarm["AlarmName"] for alarm in (config or {}).get("AutoRollbackConfiguration", {}).get("Alarms", [])]
    instances = sum(server.instances for server in new.servers)
    try:
        for step in steps_of(config, instances):
            report("ActivatingTraffic", f"Activating traffic on {step.share:.0%} of the new capacity.")
            live.traffic.send_to((old, 1.0 - step.share), (new, step.share))
            seconds = min(step.seconds, LONGEST_WAIT)
            if seconds:
                report("Baking", f"Baking for {seconds:g} seconds (cut from {step.seconds} by the local target).")
            _bake(live, guards, seconds, started)
    except BaseException:
        live.traffic.send_to((old, 1.0))
        new.drain()
        new.stop()
        raise
    report("Deleting", "Terminating the old instance(s).")


def _bake(live: LiveEndpoint, guards: list[str], seconds: float, since: float) -> None:
    deadline = time.monotonic() + seconds
    while True:
        last_look = time.monotonic() >= deadline
        live.metrics.publish()
        alarmed = alarms.in_alarm(guards, live.name, since)
        if alarmed:
            raise RolledBack("One or more alarms of the AutoRollbackConfiguration went into ALARM state during the "
                             f"deployment: {', '.join(alarmed)}. The traffic went back to the old fleet.")
        if last_look:
            return
        time.sleep(min(_POLL_SECONDS, max(0.0, deadline - time.monotonic())))
