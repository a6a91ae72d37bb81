"""AddTags, ListTags, DeleteTags, and the tags that create operations carry."""

from __future__ import annotations

from mlops_local.sagemaker import store
from mlops_local.sagemaker.errors import invalid
from mlops_local.sagemaker.operations import operation

MAX_TAGS = 50


def put(arn: str, tags: list[dict] | None) -> None:
    """Add tags to a resource; the same key again overwrites its value."""
    if not tags:
        return
    with store.changing():
        merged = {**store.table("Tags").get(arn, {}), **{tag["Key"]: tag["Value"] for tag in tags}}
        if len(merged) > MAX_TAGS:
            raise invalid(f"A resource can have at most {MAX_TAGS} tags, got {len(merged)} for {arn}")
        store.table("Tags")[arn] = merged


def of(arn: str) -> list[dict]:
    return [{"Key": key, "Value": value} for key, value in store.table("Tags").get(arn, {}).items()]


def forget(arn: str) -> None:
    store.table("Tags").pop(arn, None)


@operation("AddTags")
def add_tags(params: dict) -> dict:
    put(params["ResourceArn"], params["Tags"])
    return {"Tags": of(params["ResourceArn"])}


@operation("ListTags")
def list_tags(params: dict) -> dict:
    return {"Tags": of(params["ResourceArn"])}


@operation("DeleteTags")
def delete_tags(params: dict) -> dict:
    with store.changing():
        tags = store.table("Tags").get(params["ResourceArn"], {})
        for key in params["TagKeys"]:
            tags.pop(key, None)
    return {}
