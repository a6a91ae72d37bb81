"""`Ref` of an AWS::SecretsManager::Secret is its ARN; MiniStack answers the name.

The handlers below keep MiniStack's, which look secrets up by name, and translate at the border.
"""

from ministack.services import secretsmanager
from ministack.services.cloudformation import provisioners


def apply() -> None:
    handler = provisioners._RESOURCE_HANDLERS["AWS::SecretsManager::Secret"]
    create, update, delete = handler["create"], handler["update"], handler["delete"]

    def create_with_arn(logical_id, props, stack_name):
        _, attributes = create(logical_id, props, stack_name)
        return attributes["Arn"], attributes

    def update_with_arn(physical_id, old_props, new_props, stack_name, logical_id=None):
        _, attributes = update(_name(physical_id), old_props, new_props, stack_name, logical_id)
        return attributes["Arn"], attributes

    handler.update(create=create_with_arn, update=update_with_arn,
                   delete=lambda physical_id, props: delete(_name(physical_id), props))


def _name(physical_id: str) -> str:
    for name, secret in secretsmanager._secrets.items():
        if secret["ARN"] == physical_id:
            return name
    return physical_id
