"""AWS::EC2::SecurityGroupIngress and SecurityGroupEgress, through the API's Authorize and Revoke operations."""

from typing import Any

from ministack.services.cloudformation import provisioners

from mlops_local.aws.clients import client

REPLACING = ("GroupId", "IpProtocol", "FromPort", "ToPort", "CidrIp", "CidrIpv6", "SourceSecurityGroupId",
             "DestinationSecurityGroupId", "SourcePrefixListId", "DestinationPrefixListId", "GroupName")


def register() -> None:
    for direction in ("ingress", "egress"):
        rule = SecurityGroupRule(direction)
        resource_type = f"AWS::EC2::SecurityGroup{direction.capitalize()}"
        provisioners._RESOURCE_HANDLERS[resource_type] = {
            "create": rule.create, "update": rule.update, "delete": rule.delete}
        provisioners._REPLACING_PROPERTIES[resource_type] = REPLACING


class SecurityGroupRule:
    def __init__(self, direction: str) -> None:
        self.direction = direction

    def create(self, logical_id: str, properties: dict, stack_name: str) -> tuple[str, dict]:
        authorize = getattr(client("ec2"), f"authorize_security_group_{self.direction}")
        authorize(GroupId=properties["GroupId"], IpPermissions=[_permission(properties)])
        name = provisioners._physical_name(stack_name, logical_id)
        return name, {"Id": name}

    def update(self, physical_id: str, _old: dict, _new: dict, _stack_name: str) -> tuple[str, dict]:
        return physical_id, {"Id": physical_id}

    def delete(self, _physical_id: str, properties: dict) -> None:
        revoke = getattr(client("ec2"), f"revoke_security_group_{self.direction}")
        revoke(GroupId=properties["GroupId"], IpPermissions=[_permission(properties)])


def _permission(properties: dict) -> dict:
    permission: dict[str, Any] = {"IpProtocol": str(properties["IpProtocol"])}
    for port in ("FromPort", "ToPort"):
        if port in properties:
            permission[port] = int(properties[port])
    if "CidrIp" in properties:
        permission["IpRanges"] = [{"CidrIp": properties["CidrIp"]}]
    if "CidrIpv6" in properties:
        permission["Ipv6Ranges"] = [{"CidrIpv6": properties["CidrIpv6"]}]
    group = properties.get("SourceSecurityGroupId") or properties.get("DestinationSecurityGroupId")
    if group:
        permission["UserIdGroupPairs"] = [{"GroupId": group}]
    prefix_list = properties.get("SourcePrefixListId") or properties.get("DestinationPrefixListId")
    if prefix_list:
        permission["PrefixListIds"] = [{"PrefixListId": prefix_list}]
    return permission
