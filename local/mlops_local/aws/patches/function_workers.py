"""Deleting an AWS::Lambda::Function ends its warm processes, as DeleteFunction does; MiniStack leaves one running."""

from ministack.core import lambda_runtime
from ministack.core.responses import get_account_id, get_region
from ministack.services.cloudformation import provisioners


def apply() -> None:
    handler = provisioners._RESOURCE_HANDLERS["AWS::Lambda::Function"]
    delete = handler["delete"]

    def delete_with_workers(physical_id, props):
        delete(physical_id, props)
        lambda_runtime.invalidate_worker(physical_id, account=get_account_id(), region=get_region())

    handler["delete"] = delete_with_workers
