"""Endpoints: create, describe, update, delete, list, weights; and what starts and stops with the target."""

from __future__ import annotations

import asyncio
import contextvars
from concurrent.futures import ThreadPoolExecutor

from ministack.core.responses import get_account_id, get_region

from mlops_local.sagemaker import alarms, endpoint_configs, events, lists, store, tags
from mlops_local.sagemaker.clients import require
from mlops_local.sagemaker.deployment import RolledBack, deploy
from mlops_local.sagemaker.errors import JobFailure, invalid
from mlops_local.sagemaker.fleet import Fleet
from mlops_local.sagemaker.invocation import LiveEndpoint, endpoint_not_found
from mlops_local.sagemaker.operations import operation
from mlops_local.sagemaker.service_model import shape_answer

_IN_PROGRESS = ("Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting")
_EVENT_STATUS = {
    "Creating": "CREATING",
    "Updating": "UPDATING",
    "SystemUpdating": "SYSTEM_UPDATING",
    "RollingBack": "ROLLING_BACK",
    "InService": "IN_SERVICE",
    "OutOfService": "OUT_OF_SERVICE",
    "Deleting": "DELETING",
    "Failed": "FAILED",
    "UpdateRollbackFailed": "UPDATE_ROLLBACK_FAILED",
}

_live: dict[tuple[str, str, str], LiveEndpoint] = {}
_callers = ThreadPoolExecutor(max_workers=64, thread_name_prefix="invoke")
_stopping = False


# ---- operations

@operation("CreateEndpoint")
def create_endpoint(params: dict) -> dict:
    name = params["EndpointName"]
    arn = store.arn("endpoint", name)
    spec = endpoint_configs.resolved(endpoint_configs.find(params["EndpointConfigName"]))
    _check_alarms(params.get("DeploymentConfig"), spec)
    moment = store.now()
    with store.changing():
        if name in store.table("Endpoint"):
            raise invalid(f'Cannot create already existing endpoint "{arn}".')
        endpoint = {
            "EndpointName": name,
            "EndpointArn": arn,
            "EndpointConfigName": params["EndpointConfigName"],
            "EndpointStatus": "Creating",
            "CreationTime": moment,
            "LastModifiedTime": moment,
            "_Spec": spec,
            "_DeploymentConfig": params.get("DeploymentConfig"),
        }
        store.table("Endpoint")[name] = endpoint
    tags.put(arn, params.get("Tags"))
    _emit_status(endpoint)
    store.in_background(f"create-{name}", _create, endpoint)
    return {"EndpointArn": arn}


@operation("DescribeEndpoint")
def describe_endpoint(params: dict) -> dict:
    endpoint = _find(params["EndpointName"])
    capture = endpoint["_Spec"]["DataCaptureConfig"]
    described = dict(endpoint)
    if capture:
        enabled = capture.get("EnableCapture", True)
        described["DataCaptureConfig"] = {
            "EnableCapture": enabled,
            "CaptureStatus": "Started" if enabled and endpoint["EndpointStatus"] != "Failed" else "Stopped",
            "CurrentSamplingPercentage": capture["InitialSamplingPercentage"],
            "DestinationS3Uri": capture["DestinationS3Uri"],
            "KmsKeyId": capture.get("KmsKeyId"),
        }
    return described


@operation("UpdateEndpoint")
def update_endpoint(params: dict) -> dict:
    spec = endpoint_configs.resolved(endpoint_configs.find(params["EndpointConfigName"]))
    with store.lock:
        endpoint = _find(params["EndpointName"])
        config = _deployment_config(params, endpoint)
    _check_alarms(config, spec)
    with store.changing():
        _refuse_in_progress(endpoint)
        if params.get("RetainAllVariantProperties"):
            spec = _with_retained_properties(spec, endpoint, params.get("ExcludeRetainedVariantProperties", []))
        endpoint.pop("FailureReason", None)
        endpoint["EndpointStatus"] = "Updating"
        endpoint["LastModifiedTime"] = store.now()
        endpoint["_DeploymentConfig"] = config
        endpoint["PendingDeploymentSummary"] = {
            "EndpointConfigName": spec["EndpointConfigName"],
            "StartTime": endpoint["LastModifiedTime"],
            "ProductionVariants": _pending_variants(spec, "Creating", "Launching instance(s)."),
        }
    _emit_status(endpoint)
    store.in_background(f"update-{endpoint['EndpointName']}", _update, endpoint, spec)
    return {"EndpointArn": endpoint["EndpointArn"]}


@operation("UpdateEndpointWeightsAndCapacities")
def update_weights(params: dict) -> dict:
    with store.changing():
        endpoint = _find(params["EndpointName"])
        _refuse_in_progress(endpoint)
        live = _live_of(endpoint["EndpointName"])
        for wanted in params["DesiredWeightsAndCapacities"]:
            variant = next((v for v in endpoint["_Spec"]["Variants"] if v["Name"] == wanted["VariantName"]), None)
            if variant is None:
                raise invalid(f"Variant {wanted['VariantName']} not found on endpoint {endpoint['EndpointName']}")
            variant["Weight"] = wanted.get("DesiredWeight", variant["Weight"])
            variant["Instances"] = wanted.get("DesiredInstanceCount", variant["Instances"])
            for fleet in live.traffic.fleets():
                fleet.server(variant["Name"]).weight = variant["Weight"]
        endpoint["ProductionVariants"] = _variants(endpoint["_Spec"])
        endpoint["LastModifiedTime"] = store.now()
    _emit_status(endpoint)
    return {"EndpointArn": endpoint["EndpointArn"]}


@operation("DeleteEndpoint")
def delete_endpoint(params: dict) -> dict:
    with store.changing():
        endpoint = _find(params["EndpointName"])
        _refuse_in_progress(endpoint, but=("Failed", "OutOfService"))
        endpoint["EndpointStatus"] = "Deleting"
        endpoint["LastModifiedTime"] = store.now()
    _emit_status(endpoint)
    store.in_background(f"delete-{endpoint['EndpointName']}", _delete, endpoint)
    return {}


lists.register(lists.Listing(
    operation="ListEndpoints", kind="Endpoint", items="Endpoints", name="EndpointName", status="EndpointStatus",
))


def invoke(name: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
    """InvokeEndpoint for callers inside of the target: lower-case header names, status and headers of the answer."""
    endpoint = store.table("Endpoint").get(name)
    live = _live.get((get_account_id(), get_region(), name))
    if endpoint is None or live is None:
        raise endpoint_not_found(name)
    return live.invoke(headers, body)


async def invoke_http(name: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
    """InvokeEndpoint on threads of its own, so that slow models never hold up the rest of the target."""
    context = contextvars.copy_context()
    status, answered, answer = await asyncio.get_running_loop().run_in_executor(
        _callers, context.run, invoke, name, headers, body)
    # In lower case: MiniStack rewrites 'Content-Type' of JSON answers to the control plane's media type.
    return status, {key.lower(): value for key, value in answered.items()}, answer


# ---- what happens in the background

def _create(endpoint: dict) -> None:
    live = LiveEndpoint(endpoint["EndpointName"])
    fleet = Fleet(endpoint["EndpointName"], endpoint["_Spec"])
    try:
        deploy(live, None, fleet, None, lambda status, message: None)
    except Exception as error:  # noqa: BLE001 - an endpoint must not stay Creating
        live.stop()
        _settle(endpoint, "Failed", _reason(error))
        return
    live.capture_with(endpoint["_Spec"])
    _live[_key(endpoint["EndpointName"])] = live
    _settle(endpoint, "InService")


def _update(endpoint: dict, spec: dict) -> None:
    live = _live_of(endpoint["EndpointName"])
    old = live.traffic.fleets()[0]
    new = Fleet(endpoint["EndpointName"], spec)
    try:
        deploy(live, old, new, endpoint["_DeploymentConfig"], lambda *progress: _report(endpoint, spec, *progress))
    except Exception as error:  # noqa: BLE001 - the endpoint goes on with what it had
        if _stopping:
            return
        if isinstance(error, RolledBack):
            _set_status(endpoint, "RollingBack")
        _settle(endpoint, "InService", _reason(error))
        return
    with store.changing():
        endpoint["_Spec"] = spec
        endpoint["EndpointConfigName"] = spec["EndpointConfigName"]
    live.capture_with(spec)
    old.drain()
    old.stop()
    _settle(endpoint, "InService")


def _delete(endpoint: dict) -> None:
    live = _live.pop(_key(endpoint["EndpointName"]), None)
    if live is not None:
        live.stop()
    with store.changing():
        store.table("Endpoint").pop(endpoint["EndpointName"], None)
        tags.forget(endpoint["EndpointArn"])


def _settle(endpoint: dict, status: str, reason: str | None = None) -> None:
    with store.changing():
        endpoint.pop("PendingDeploymentSummary", None)
        endpoint.pop("FailureReason", None)
        if reason:
            endpoint["FailureReason"] = reason
        if status == "InService":
            endpoint["ProductionVariants"] = _variants(endpoint["_Spec"])
    _set_status(endpoint, status)


def _set_status(endpoint: dict, status: str) -> None:
    with store.changing():
        endpoint["EndpointStatus"] = status
        endpoint["LastModifiedTime"] = store.now()
    _emit_status(endpoint)


def _report(endpoint: dict, spec: dict, status: str, message: str) -> None:
    """Progress of a deployment, for DescribeEndpoint and as an event."""
    with store.changing():
        summary = endpoint.get("PendingDeploymentSummary")
        if summary is not None:
            summary["ProductionVariants"] = _pending_variants(spec, status, message)
    events.emit("SageMaker Endpoint Deployment State Change", _detail(endpoint), endpoint["EndpointArn"])


def _emit_status(endpoint: dict) -> None:
    events.emit("SageMaker Endpoint State Change", _detail(endpoint), endpoint["EndpointArn"])


def _detail(endpoint: dict) -> dict:
    with store.lock:
        detail = shape_answer("DescribeEndpoint", endpoint)
    detail["EndpointStatus"] = _EVENT_STATUS[detail["EndpointStatus"]]
    for name in ("CreationTime", "LastModifiedTime"):
        detail[name] = events.milliseconds(detail[name])
    detail["Tags"] = {tag["Key"]: tag["Value"] for tag in tags.of(endpoint["EndpointArn"])}
    return detail


def _variants(spec: dict) -> list[dict]:
    return [{
        "VariantName": variant["Name"],
        "CurrentWeight": variant["Weight"],
        "DesiredWeight": variant["Weight"],
        "CurrentInstanceCount": variant["Instances"],
        "DesiredInstanceCount": variant["Instances"],
        "DeployedImages": [{
            "SpecifiedImage": variant["Container"]["Image"],
            "ResolvedImage": variant["Container"]["Image"],
            "ResolutionTime": store.now(),
        }],
    } for variant in spec["Variants"]]


def _pending_variants(spec: dict, status: str, message: str) -> list[dict]:
    moment = store.now()
    return [{
        "VariantName": variant["Name"],
        "DesiredWeight": variant["Weight"],
        "DesiredInstanceCount": variant["Instances"],
        "VariantStatus": [{"Status": status, "StatusMessage": message, "StartTime": moment}],
    } for variant in spec["Variants"]]


# ---- rules

def _refuse_in_progress(endpoint: dict, but: tuple[str, ...] = ()) -> None:
    status = endpoint["EndpointStatus"]
    if status in _IN_PROGRESS:
        raise invalid(f'Cannot update in-progress endpoint "{endpoint["EndpointArn"]}".')
    if status != "InService" and status not in but:
        raise invalid(f'Cannot update endpoint "{endpoint["EndpointArn"]}" in status {status}: it can only be deleted.')


def _check_alarms(config: dict | None, spec: dict) -> None:
    """The alarms must exist, and the models' roles must be allowed to look at them."""
    guards = [alarm["AlarmName"] for alarm in (config or {}).get("AutoRollbackConfiguration", {}).get("Alarms", [])]
    unknown = alarms.missing(guards)
    if unknown:
        raise invalid("'DeploymentConfig.AutoRollbackConfiguration.Alarms' names alarms that do not exist: "
                      + ", ".join(unknown))
    for variant in spec["Variants"]:
        for alarm in guards:
            arn = f"arn:aws:cloudwatch:{get_region()}:{get_account_id()}:alarm:{alarm}"
            require(variant["RoleArn"], "cloudwatch:DescribeAlarms", arn)


def _deployment_config(params: dict, endpoint: dict) -> dict | None:
    if params.get("RetainDeploymentConfig"):
        return endpoint.get("_DeploymentConfig")
    return params.get("DeploymentConfig")


def _with_retained_properties(spec: dict, endpoint: dict, excluded: list[dict]) -> dict:
    """Keep the weights and counts that the endpoint has now for variants that stay."""
    left_out = {item["VariantPropertyType"] for item in excluded}
    current = {variant["Name"]: variant for variant in endpoint["_Spec"]["Variants"]}
    properties = {"DesiredWeight": "Weight", "DesiredInstanceCount": "Instances"}
    for variant in spec["Variants"]:
        for property_type, field in properties.items():
            if variant["Name"] in current and property_type not in left_out:
                variant[field] = current[variant["Name"]][field]
    return spec


def _find(name: str) -> dict:
    endpoint = store.table("Endpoint").get(name)
    if endpoint is None:
        raise invalid(f'Could not find endpoint "{store.arn("endpoint", name)}".')
    return endpoint


def _key(name: str) -> tuple[str, str, str]:
    return get_account_id(), get_region(), name


def _live_of(name: str) -> LiveEndpoint:
    return _live[_key(name)]


def _reason(error: Exception) -> str:
    text = str(error) if isinstance(error, JobFailure) else f"InternalServerError: {type(error).__name__}: {error}"
    return text[:1024]


# ---- with the target

def resume() -> None:
    """Start every endpoint again that was in service, or on its way to it, when the target ended."""
    global _stopping
    _stopping = False
    threads = []
    for account, region, _, endpoint in store.scopes("Endpoint"):
        with store.scope(account, region):
            if endpoint["EndpointStatus"] == "Deleting":
                _delete(endpoint)
            elif endpoint["EndpointStatus"] != "Failed":
                endpoint["EndpointStatus"] = "SystemUpdating"
                threads.append(store.in_background(f"resume-{endpoint['EndpointName']}", _create, endpoint))
    for thread in threads:
        thread.join()


def shutdown() -> None:
    """Stop all containers; what was captured is written first."""
    global _stopping
    _stopping = True
    lives = list(_live.values())
    _live.clear()
    threads = [store.in_background(f"stop-{live.name}", live.stop) for live in lives]
    for thread in threads:
        thread.join()
