"""Model package groups and model packages: the model registry, and the events that an approval sends."""

from __future__ import annotations

from datetime import datetime, timezone

from mlops_local.sagemaker import events, lists, store, tags
from mlops_local.sagemaker.errors import conflict, invalid
from mlops_local.sagemaker.operations import operation
from mlops_local.sagemaker.service_model import shape_answer

_UPDATABLE = ("ModelApprovalStatus", "ApprovalDescription", "InferenceSpecification", "SourceUri", "ModelCard",
              "ModelLifeCycle")
_TIMES = ("CreationTime", "LastModifiedTime")


# ---- groups

@operation("CreateModelPackageGroup")
def create_group(params: dict) -> dict:
    name = params["ModelPackageGroupName"]
    arn = store.arn("model-package-group", name)
    with store.changing():
        if name in store.table("ModelPackageGroup"):
            raise invalid(f"Model Package Group already exists: {arn}")
        store.table("ModelPackageGroup")[name] = {
            **params,
            "ModelPackageGroupArn": arn,
            "ModelPackageGroupStatus": "Completed",
            "CreatedBy": {},
            "CreationTime": store.now(),
            "_LastVersion": 0,
        }
    tags.put(arn, params.get("Tags"))
    return {"ModelPackageGroupArn": arn}


@operation("DescribeModelPackageGroup")
def describe_group(params: dict) -> dict:
    return find_group(params["ModelPackageGroupName"])


@operation("DeleteModelPackageGroup")
def delete_group(params: dict) -> dict:
    with store.changing():
        group = find_group(params["ModelPackageGroupName"])
        name = group["ModelPackageGroupName"]
        versions = sum(package.get("ModelPackageGroupName") == name for package in store.table("ModelPackage").values())
        if versions:
            raise conflict(f"Cannot delete model package group {group['ModelPackageGroupArn']}: it contains {versions} "
                           "model package(s), delete them first")
        del store.table("ModelPackageGroup")[name]
        tags.forget(group["ModelPackageGroupArn"])
    return {}


def find_group(name_or_arn: str) -> dict:
    name = name_or_arn.rpartition("/")[2]
    group = store.table("ModelPackageGroup").get(name)
    if group is None:
        raise invalid(f"ModelPackageGroup {store.arn('model-package-group', name)} does not exist.")
    return group


# ---- packages

@operation("CreateModelPackage")
def create_package(params: dict) -> dict:
    if bool(params.get("ModelPackageGroupName")) == bool(params.get("ModelPackageName")):
        raise invalid("Exactly one of 'ModelPackageGroupName' (a version) and 'ModelPackageName' is required, got "
                      f"{params.get('ModelPackageGroupName')} and {params.get('ModelPackageName')}")
    if not any(params.get(field) for field in ("InferenceSpecification", "SourceAlgorithmSpecification", "SourceUri")):
        raise invalid("One of 'InferenceSpecification', 'SourceAlgorithmSpecification' and 'SourceUri' is required")
    with store.changing():
        repeated = _package_of_token(params.get("ClientToken"))
        if repeated:
            return {"ModelPackageArn": repeated["ModelPackageArn"]}
        key, identity = _version(params) if params.get("ModelPackageGroupName") else _unversioned(params)
        moment = store.now()
        package = {
            **params,
            **identity,
            "ModelPackageArn": store.arn("model-package", key),
            "ModelPackageStatus": "Completed",
            "ModelPackageStatusDetails": {"ValidationStatuses": [], "ImageScanStatuses": []},
            "CertifyForMarketplace": params.get("CertifyForMarketplace", False),
            "CreatedBy": {},
            "CreationTime": moment,
            "LastModifiedTime": moment,
        }
        store.table("ModelPackage")[key] = package
    tags.put(package["ModelPackageArn"], params.get("Tags"))
    _emit(package, [])
    return {"ModelPackageArn": package["ModelPackageArn"]}


def _version(params: dict) -> tuple[str, dict]:
    if params.get("Tags"):
        raise invalid("Tags cannot be set on a version of a model package group: tag the group instead")
    group = find_group(params["ModelPackageGroupName"])
    group["_LastVersion"] += 1
    name, version = group["ModelPackageGroupName"], group["_LastVersion"]
    return f"{name}/{version}", {
        "ModelPackageGroupName": name,
        "ModelPackageVersion": version,
        "ModelApprovalStatus": params.get("ModelApprovalStatus", "PendingManualApproval"),
    }


def _unversioned(params: dict) -> tuple[str, dict]:
    name = params["ModelPackageName"]
    if name in store.table("ModelPackage"):
        raise invalid(f"Model Package already exists: {store.arn('model-package', name)}")
    return name, {}


def _package_of_token(token: str | None) -> dict | None:
    """A repeated request with the same ClientToken answers with the package that the first one made."""
    if not token:
        return None
    packages = store.table("ModelPackage").values()
    return next((package for package in packages if package.get("ClientToken") == token), None)


@operation("DescribeModelPackage")
def describe_package(params: dict) -> dict:
    package = find_package(params["ModelPackageName"])
    return {**package, "ModelPackageName": package.get("ModelPackageName") or package["ModelPackageGroupName"]}


@operation("UpdateModelPackage")
def update_package(params: dict) -> dict:
    with store.changing():
        package = find_package(params["ModelPackageArn"])
        changed = [field for field in _UPDATABLE if field in params]
        package.update({field: params[field] for field in changed})
        if params.get("CustomerMetadataProperties") or params.get("CustomerMetadataPropertiesToRemove"):
            removed = params.get("CustomerMetadataPropertiesToRemove", [])
            merged = {**package.get("CustomerMetadataProperties", {}), **params.get("CustomerMetadataProperties", {})}
            package["CustomerMetadataProperties"] = {k: v for k, v in merged.items() if k not in removed}
            changed.append("CustomerMetadataProperties")
        if params.get("AdditionalInferenceSpecificationsToAdd"):
            package.setdefault("AdditionalInferenceSpecifications", []).extend(
                params["AdditionalInferenceSpecificationsToAdd"])
            changed.append("AdditionalInferenceSpecifications")
        # Two changes of one version never carry the same time: consumers tell them apart by it.
        package["LastModifiedTime"] = max(store.now(), round(package["LastModifiedTime"] + 0.001, 3))
        package["LastModifiedBy"] = {}
    _emit(package, changed)
    return {"ModelPackageArn": package["ModelPackageArn"]}


@operation("DeleteModelPackage")
def delete_package(params: dict) -> dict:
    with store.changing():
        package = find_package(params["ModelPackageName"])
        del store.table("ModelPackage")[_key(package["ModelPackageArn"])]
        tags.forget(package["ModelPackageArn"])
    return {}


def find_package(name_or_arn: str) -> dict:
    package = store.table("ModelPackage").get(_key(name_or_arn))
    if package is None:
        arn = name_or_arn if name_or_arn.startswith("arn:") else store.arn("model-package", name_or_arn)
        raise invalid(f"ModelPackage {arn} does not exist.")
    return package


def _key(name_or_arn: str) -> str:
    return name_or_arn.partition(":model-package/")[2] or name_or_arn


def _emit(package: dict, changed: list[str]) -> None:
    detail = shape_answer("DescribeModelPackage", {**package, "CreatedBy": None, "LastModifiedBy": None})
    detail.update({name: _timestamp(package[name]) for name in _TIMES})
    detail["UpdatedModelPackageFields"] = changed
    events.emit("SageMaker Model Package State Change", detail, package["ModelPackageArn"])


def _timestamp(epoch_seconds: float) -> str:
    moment = datetime.fromtimestamp(epoch_seconds, timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def _of_type(params: dict, package: dict) -> bool:
    group = params.get("ModelPackageGroupName")
    if group and package.get("ModelPackageGroupName") != group.rpartition("/")[2]:
        return False
    wanted = params.get("ModelPackageType", "Versioned" if group else "Unversioned")
    return wanted == "Both" or wanted == ("Versioned" if "ModelPackageVersion" in package else "Unversioned")


lists.register(lists.Listing(
    operation="ListModelPackageGroups", kind="ModelPackageGroup", items="ModelPackageGroupSummaryList",
    name="ModelPackageGroupName", newest_first=False,
))
lists.register(lists.Listing(
    operation="ListModelPackages", kind="ModelPackage", items="ModelPackageSummaryList", name="ModelPackageArn",
    newest_first=False, equals={"ModelApprovalStatus": "ModelApprovalStatus"}, accept=_of_type,
))
