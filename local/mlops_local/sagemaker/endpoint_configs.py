"""CreateEndpointConfig, DescribeEndpointConfig, DeleteEndpointConfig and ListEndpointConfigs."""

from __future__ import annotations

from mlops_local.sagemaker import events, lists, models, store, tags
from mlops_local.sagemaker.errors import invalid
from mlops_local.sagemaker.operations import operation
from mlops_local.sagemaker.service_model import shape_answer

_UNSUPPORTED = {
    "AsyncInferenceConfig": "asynchronous inference",
    "ShadowProductionVariants": "shadow variants",
    "ExplainerConfig": "explainers",
}


@operation("CreateEndpointConfig")
def create_endpoint_config(params: dict) -> dict:
    _check(params)
    name = params["EndpointConfigName"]
    arn = store.arn("endpoint-config", name)
    config = {**params, "EndpointConfigArn": arn, "CreationTime": store.now()}
    with store.changing():
        if name in store.table("EndpointConfig"):
            raise invalid(f'Cannot create already existing endpoint configuration "{arn}".')
        store.table("EndpointConfig")[name] = config
    tags.put(arn, params.get("Tags"))
    _emit(config)
    return {"EndpointConfigArn": arn}


@operation("DescribeEndpointConfig")
def describe_endpoint_config(params: dict) -> dict:
    return find(params["EndpointConfigName"])


@operation("DeleteEndpointConfig")
def delete_endpoint_config(params: dict) -> dict:
    """AWS deletes a configuration that an endpoint still uses, too; the endpoint goes on."""
    with store.changing():
        config = find(params["EndpointConfigName"])
        del store.table("EndpointConfig")[config["EndpointConfigName"]]
        tags.forget(config["EndpointConfigArn"])
    _emit(config)
    return {}


lists.register(lists.Listing(
    operation="ListEndpointConfigs", kind="EndpointConfig", items="EndpointConfigs", name="EndpointConfigName",
))


def find(name: str) -> dict:
    config = store.table("EndpointConfig").get(name)
    if config is None:
        raise invalid(f'Could not find endpoint configuration "{store.arn("endpoint-config", name)}".')
    return config


def resolved(config: dict) -> dict:
    """All that serving a configuration takes, so that deleting it or its models later does not matter."""
    variants = []
    for variant in config["ProductionVariants"]:
        model = models.find(variant["ModelName"])
        variants.append({
            "Name": variant["VariantName"],
            "Weight": variant.get("InitialVariantWeight", 1.0),
            "Instances": variant.get("InitialInstanceCount", 1),
            "StartSeconds": variant.get("ContainerStartupHealthCheckTimeoutInSeconds"),
            "Container": model["_Container"],
            "RoleArn": model["ExecutionRoleArn"],
            "Isolated": model["EnableNetworkIsolation"],
        })
    return {
        "EndpointConfigName": config["EndpointConfigName"],
        "Variants": variants,
        "DataCaptureConfig": config.get("DataCaptureConfig"),
    }


def _check(params: dict) -> None:
    for field, what in _UNSUPPORTED.items():
        if params.get(field):
            raise invalid(f"'{field}' is set: the local target does not support {what}")
    names = [variant["VariantName"] for variant in params["ProductionVariants"]]
    for variant in params["ProductionVariants"]:
        name = variant["VariantName"]
        if names.count(name) > 1:
            raise invalid(f"'ProductionVariants' must not name a variant twice, got '{name}'")
        if variant.get("ServerlessConfig"):
            raise invalid(f"'ProductionVariants[{name}].ServerlessConfig' is set: the local target serves instances "
                          "only")
        if not variant.get("ModelName"):
            raise invalid(f"'ProductionVariants[{name}].ModelName' is required: the local target has no inference "
                          "components")
        if not variant.get("InstanceType"):
            raise invalid(f"'ProductionVariants[{name}].InstanceType' is required")
        models.find(variant["ModelName"])
    capture = params.get("DataCaptureConfig")
    if capture and not capture["DestinationS3Uri"].startswith("s3://"):
        raise invalid("'DataCaptureConfig.DestinationS3Uri' must be an s3:// address, got "
                      f"'{capture['DestinationS3Uri']}'")


def _emit(config: dict) -> None:
    detail = shape_answer("DescribeEndpointConfig", config)
    detail["CreationTime"] = events.milliseconds(config["CreationTime"])
    events.emit("SageMaker Endpoint Config State Change", detail, config["EndpointConfigArn"])
