"""CreateModel, DescribeModel, DeleteModel and ListModels; and what a model is made of when it is served."""

from __future__ import annotations

from botocore.exceptions import ClientError

from mlops_local.sagemaker import events, lists, registry, s3_data, store, tags
from mlops_local.sagemaker.clients import check_role, client, role_environment
from mlops_local.sagemaker.errors import invalid
from mlops_local.sagemaker.operations import operation
from mlops_local.sagemaker.service_model import shape_answer


@operation("CreateModel")
def create_model(params: dict) -> dict:
    name = params["ModelName"]
    arn = store.arn("model", name)
    if name in store.table("Model"):
        raise invalid(f'Cannot create already existing model "{arn}".')
    if not params.get("ExecutionRoleArn"):
        raise invalid("'ExecutionRoleArn' is required")
    check_role(params["ExecutionRoleArn"])
    container = _resolved(_only_container(params))
    _check_model_data(container, params["ExecutionRoleArn"])
    model = {
        **params,
        "ModelArn": arn,
        "CreationTime": store.now(),
        "EnableNetworkIsolation": params.get("EnableNetworkIsolation", False),
        "_Container": container,
    }
    with store.changing():
        if name in store.table("Model"):
            raise invalid(f'Cannot create already existing model "{arn}".')
        store.table("Model")[name] = model
    tags.put(arn, params.get("Tags"))
    _emit(model)
    return {"ModelArn": arn}


@operation("DescribeModel")
def describe_model(params: dict) -> dict:
    return find(params["ModelName"])


@operation("DeleteModel")
def delete_model(params: dict) -> dict:
    with store.changing():
        model = find(params["ModelName"])
        del store.table("Model")[model["ModelName"]]
        tags.forget(model["ModelArn"])
    _emit(model)
    return {}


lists.register(lists.Listing(operation="ListModels", kind="Model", items="Models", name="ModelName"))


def find(name: str) -> dict:
    model = store.table("Model").get(name)
    if model is None:
        raise invalid(f'Could not find model "{store.arn("model", name)}".')
    return model


def _only_container(params: dict) -> dict:
    """The local target serves one container a variant; inference pipelines need AWS."""
    several = params.get("Containers", [])
    if params.get("PrimaryContainer") and several:
        raise invalid("You cannot specify both 'PrimaryContainer' and 'Containers'")
    if len(several) > 1:
        raise invalid(f"'Containers' holds {len(several)} containers: the local target serves one, no inference "
                      "pipeline")
    container = params.get("PrimaryContainer") or (several[0] if several else None)
    if container is None:
        raise invalid("One of 'PrimaryContainer' and 'Containers' is required")
    if container.get("Mode", "SingleModel") != "SingleModel":
        raise invalid(f"'Mode' must be SingleModel in the local target, got '{container['Mode']}'")
    return container


def _resolved(container: dict) -> dict:
    """The container with what a model package says filled in: its own fields come first."""
    if not container.get("ModelPackageName"):
        if not container.get("Image"):
            raise invalid("A container needs 'Image' or 'ModelPackageName'")
        return _served(container)
    package = registry.find_package(container["ModelPackageName"])
    packaged = package.get("InferenceSpecification", {}).get("Containers", [])
    if len(packaged) != 1:
        raise invalid(f"ModelPackage {package['ModelPackageArn']} has {len(packaged)} containers: the local target "
                      "serves one")
    merged = {**packaged[0], **{key: value for key, value in container.items() if key != "Environment"}}
    merged["Environment"] = {**packaged[0].get("Environment", {}), **container.get("Environment", {})}
    return _served(merged)


def _served(container: dict) -> dict:
    """The fields that serving needs: image, environment, and where the model's data are."""
    source = container.get("ModelDataSource", {}).get("S3DataSource", {})
    return {
        "Image": container["Image"],
        "Environment": container.get("Environment", {}),
        "DataUri": container.get("ModelDataUrl") or source.get("S3Uri"),
        "Compressed": source.get("CompressionType", "Gzip") == "Gzip",
    }


def _check_model_data(container: dict, role_arn: str) -> None:
    uri = container["DataUri"]
    if not uri or not container["Compressed"]:
        return
    bucket, key = s3_data.split(uri)
    try:
        client("s3", role_environment(role_arn, "SageMaker")).head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        raise invalid(f"Could not access model data at {uri}. Please ensure that the role \"{role_arn}\" exists and "
                      "that it has \"s3:GetObject\" permissions and that the object is located in the region "
                      f"({error.response['Error'].get('Code')}).") from None


def _emit(model: dict) -> None:
    detail = shape_answer("DescribeModel", model)
    detail["CreationTime"] = events.milliseconds(model["CreationTime"])
    events.emit("SageMaker Model State Change", detail, model["ModelArn"])
