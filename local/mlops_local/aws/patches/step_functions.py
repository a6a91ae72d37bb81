"""Executions run by this package's interpreter.

MiniStack's has no machine-level timeout, no 256 KB limit, no role, ignores Output and Assign of a Parallel, shares
variables between branches, cannot stop what a state has started, and fails an execution that was aborted before.
"""

from ministack.services import stepfunctions

from mlops_local.aws.states import executions


def apply() -> None:
    stepfunctions._start_execution = executions.start_execution
    stepfunctions._stop_execution = executions.stop_execution
    stepfunctions._run_execution = executions.run_execution
