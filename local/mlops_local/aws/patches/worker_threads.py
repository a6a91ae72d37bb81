"""Handlers of CloudFormation run on the event loop unless their type is known to block: ours block."""

from ministack.services.cloudformation import stacks

from mlops_local.aws.resources import WORKER_THREAD_PREFIXES


def apply() -> None:
    known = stacks._runs_on_worker_thread

    def runs_on_worker_thread(resource_type: str) -> bool:
        return resource_type.startswith(WORKER_THREAD_PREFIXES) or known(resource_type)

    stacks._runs_on_worker_thread = runs_on_worker_thread
