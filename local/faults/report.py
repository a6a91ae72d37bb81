"""The matrix as a table, for the screen and for docs/reliability.md."""

from faults.cell import Cell, Outcome
from mlops_local.settings import REPOSITORY

DOCUMENT = REPOSITORY / "docs" / "reliability.md"
HEAD = """\
# Reliability

How a run ends when something fails. `npm run faults` plays each row with real processes on a local target of its own,
and writes this page. A step has 20 seconds here. Attempts are counted at the place that fails, alerts by a subscriber.

- A run ends in *success*, in the *fallback* that its author chained to a step, or in a typed error: `Mlops.Throttled`,
  `Mlops.Unauthorized`, `Mlops.Timeout`, `Mlops.Failed`. It ends by its steps' deadlines.
- Step Functions lets no state catch `States.DataLimitExceeded`: an answer of more than 256 KB fails the run, with or
  without a fallback.
- Every run that fails ends in one alert, and no other does.
- A run has at most one training job and one version, however often a call is repeated, and no process outlives it.
- A credential that was refused is not sent again: EventBridge deauthorizes the connection, and steps fail at once until
  it is updated (`aws events update-connection`, or a deployment that changes it).
- `States.ServiceRestart` is the local target's own: on AWS executions outlive their machines.
"""


def table(results: list[tuple[Cell, Outcome]]) -> str:
    lines = ["| fault | where | promise | outcome |", "|---|---|---|---|"]
    lines += [f"| {cell.fault} | {cell.where} | {cell.promise} | {outcome} |" for cell, outcome in results]
    return "\n".join(lines) + "\n"


def document(parts: dict[str, list[tuple[Cell, Outcome]]]) -> str:
    return HEAD + "".join(f"\n## {title}\n\n{table(results)}" for title, results in parts.items())
