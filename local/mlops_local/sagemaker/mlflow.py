"""MLflow apps: one real MLflow server each, reached by the app's ARN through the target, by browser directly."""

from __future__ import annotations

import asyncio
import contextvars
import http.client
import secrets
import shutil
import socket
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote, urlencode

from ministack.core.responses import get_region

from mlops_local.processes import environments, supervisor
from mlops_local.sagemaker import containers, lists, store, tags
from mlops_local.sagemaker.clients import check_role, role_environment
from mlops_local.sagemaker.errors import ApiError, JobFailure, invalid, resource_not_found
from mlops_local.sagemaker.operations import operation
from mlops_local.settings import Settings

MLFLOW_VERSION = "3.17"
_ARN_HEADERS = ("x-sm-mlflow-app-arn", "x-mlflow-sm-tracking-server-arn")
_START_SECONDS = 90.0
_PORT_ATTEMPTS = 3
_POLL_SECONDS = 0.05
_STARTING = ("Creating", "Updating")
_SERVING = ("Created", "Updated")
_FORWARDED = ("content-type", "accept", "content-encoding", "x-mlflow-workspace")
_NOT_RETURNED = ("transfer-encoding", "connection", "keep-alive", "content-length", "date", "server")
_UPDATABLE = ("Name", "ArtifactStoreUri", "ModelRegistrationMode", "WeeklyMaintenanceWindowStart",
              "DefaultDomainIdList", "AccountDefaultStatus")

_callers = ThreadPoolExecutor(max_workers=32, thread_name_prefix="mlflow")


# ---- operations

@operation("CreateMlflowApp")
def create_app(params: dict) -> dict:
    if not params["ArtifactStoreUri"].startswith("s3://"):
        raise invalid(f"'ArtifactStoreUri' must be an s3:// address, got '{params['ArtifactStoreUri']}'")
    check_role(params["RoleArn"])
    identifier = "app-" + secrets.token_hex(6).upper()
    arn = store.arn("mlflow-app", identifier)
    moment = store.now()
    app = {
        "ModelRegistrationMode": "AutoModelRegistrationDisabled",
        "AccountDefaultStatus": "DISABLED",
        "DefaultDomainIdList": [],
        **params,
        "Arn": arn,
        "Status": "Creating",
        "MlflowVersion": MLFLOW_VERSION,
        "CreationTime": moment,
        "LastModifiedTime": moment,
        "_Port": 0,
    }
    with store.changing():
        if any(other["Name"] == params["Name"] for other in store.table("MlflowApp").values()):
            raise ApiError("ConflictException", f"An MLflow app named {params['Name']} already exists")
        store.table("MlflowApp")[arn] = app
    tags.put(arn, params.get("Tags"))
    store.in_background(f"mlflow-{identifier}", _start, app)
    return {"Arn": arn}


@operation("DescribeMlflowApp")
def describe_app(params: dict) -> dict:
    return _find(params["Arn"])


@operation("UpdateMlflowApp")
def update_app(params: dict) -> dict:
    with store.changing():
        app = _find(params["Arn"])
        if app["Status"] not in (*_SERVING, "UpdateFailed"):
            raise ApiError("ConflictException", f"MLflow app {app['Arn']} is {app['Status']}: it cannot be updated now")
        moved = params.get("ArtifactStoreUri", app["ArtifactStoreUri"]) != app["ArtifactStoreUri"]
        app.update({field: params[field] for field in _UPDATABLE if field in params})
        app["LastModifiedTime"] = store.now()
        app["Status"] = "Updating" if moved else "Updated"
    if moved:
        supervisor.stop(_process_name(app))
        store.in_background("mlflow-update", _start, app, "Updated", "UpdateFailed")
    return {"Arn": app["Arn"]}


@operation("DeleteMlflowApp")
def delete_app(params: dict) -> dict:
    with store.changing():
        app = _find(params["Arn"])
        del store.table("MlflowApp")[app["Arn"]]
        tags.forget(app["Arn"])
    supervisor.stop(_process_name(app))
    shutil.rmtree(_folder(app), ignore_errors=True)
    return {"Arn": app["Arn"]}


@operation("CreatePresignedMlflowAppUrl")
def create_presigned_url(params: dict) -> dict:
    return {"AuthorizedUrl": _address(_serving(params["Arn"]))}


lists.register(lists.Listing(
    operation="ListMlflowApps", kind="MlflowApp", items="Summaries", name="Name", status="Status",
    equals={"Status": "Status", "MlflowVersion": "MlflowVersion", "AccountDefaultStatus": "AccountDefaultStatus"},
))


def _find(arn: str) -> dict:
    app = store.table("MlflowApp").get(arn)
    if app is None:
        raise resource_not_found(f"MLflow app {arn} does not exist")
    return app


def _serving(arn: str) -> dict:
    """The app, once its server answers: it may just be starting."""
    deadline = time.monotonic() + _START_SECONDS
    while (app := _find(arn))["Status"] in _STARTING and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
    if app["Status"] not in _SERVING:
        raise ApiError("ConflictException", f"MLflow app {arn} is {app['Status']}: it serves when it is Created")
    return app


# ---- the server

def _start(app: dict, started: str = "Created", failed: str = "CreateFailed") -> None:
    try:
        _start_server(app)
        status = started
    except (JobFailure, environments.EnvironmentFailure) as failure:
        print(f"MLflow app {app['Arn']}: {failure}", flush=True)
        status = failed
    with store.changing():
        app["Status"] = status
        app["LastModifiedTime"] = store.now()


def _start_server(app: dict) -> None:
    """On its former port, if that is free: addresses that people keep stay true over a restart."""
    python_environment = environments.pinned("mlflow", environments.requirements_file("mlflow"))
    folder = _folder(app)
    folder.mkdir(parents=True, exist_ok=True)
    for attempt in range(1, _PORT_ATTEMPTS + 1):
        port = _free_port(app["_Port"])
        command = [python_environment.tool("python"), "-m", "uvicorn", "mlflow.server.fastapi_app:app",
                   "--host", "127.0.0.1", "--port", str(port), "--log-level", "warning", "--no-access-log"]
        environment = _environment(app, folder, python_environment)
        child = supervisor.spawn(_process_name(app), command, environment, folder / "log", folder)
        if _serves(child, port):
            app["_Port"] = port
            return
        tail = child.log_tail()
        supervisor.stop(_process_name(app))
        if attempt == _PORT_ATTEMPTS or "address already in use" not in tail:
            raise JobFailure(f"the MLflow server did not start; its log ends with: {tail}")


def _environment(app: dict, folder: Path, python_environment: environments.PythonEnvironment) -> dict[str, str]:
    """One process instead of the ten that `mlflow server` starts; these variables are what its command line sets."""
    return {
        **containers.base_environment(python_environment, get_region()),
        **role_environment(app["RoleArn"], "SageMakerMlflow"),
        "HOME": str(folder),
        "_MLFLOW_SERVER_FILE_STORE": f"sqlite:///{folder}/mlflow.db",
        "_MLFLOW_SERVER_REGISTRY_STORE": f"sqlite:///{folder}/mlflow.db",
        "_MLFLOW_SERVER_ARTIFACT_ROOT": app["ArtifactStoreUri"],
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }


def _serves(child: supervisor.Child, port: int) -> bool:
    """Ready means that the database is there too, which the first real request makes."""
    deadline = time.monotonic() + _START_SECONDS
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/api/2.0/mlflow/experiments/search", b'{"max_results": 1}',
        {"Content-Type": "application/json"})
    while time.monotonic() < deadline and child.running:
        try:
            with urllib.request.urlopen(request, timeout=_START_SECONDS) as answer:
                return answer.status == 200
        except urllib.error.HTTPError:
            return False
        except OSError:
            time.sleep(_POLL_SECONDS)
    return False


def _free_port(wanted: int) -> int:
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                return probe.getsockname()[1]
            except OSError:
                continue
    raise JobFailure("no free port for the MLflow server")


def _folder(app: dict) -> Path:
    return Settings.from_environment().home / "mlflow" / app["Arn"].rpartition("/")[2]


def _process_name(app: dict) -> str:
    return f"mlflow-{app['Arn'].rpartition('/')[2]}"


def _address(app: dict) -> str:
    return f"http://127.0.0.1:{app['_Port']}"


# ---- clients that name the app by its ARN

def arn_in(headers: dict[str, str]) -> str | None:
    """The app that a request of the sagemaker-mlflow plugin is for."""
    return next((headers[name] for name in _ARN_HEADERS if headers.get(name)), None)


async def proxy(arn: str, method: str, path: str, headers: dict, body: bytes, query: dict) -> tuple[int, dict, bytes]:
    """Hand a request to the app's server and its answer back."""
    context = contextvars.copy_context()
    return await asyncio.get_running_loop().run_in_executor(
        _callers, context.run, _forward, arn, method, path, headers, body, query)


def _forward(arn: str, method: str, path: str, headers: dict, body: bytes, query: dict) -> tuple[int, dict, bytes]:
    app = _serving(arn)
    target = quote(path, safe="/:@%") + (f"?{urlencode(query, doseq=True)}" if query else "")
    connection = http.client.HTTPConnection("127.0.0.1", app["_Port"], timeout=120)
    try:
        connection.request(method, target, body or None, {k: v for k, v in headers.items() if k.lower() in _FORWARDED})
        response = connection.getresponse()
        content = response.read()
        returned = {k: v for k, v in response.getheaders() if k.lower() not in _NOT_RETURNED}
        return response.status, returned, content
    except (OSError, http.client.HTTPException) as error:
        message = f"the MLflow server of {arn} does not answer: {error!r}"
        raise ApiError("InternalFailure", message, status=502) from None
    finally:
        connection.close()


# ---- with the target

def resume() -> None:
    """Start the server of every app again, beside everything else; its runs are in its database."""
    for account, region, _, app in store.scopes("MlflowApp"):
        with store.scope(account, region):
            first = app["Status"] in ("Creating", "CreateFailed")
            started, failed = ("Created", "CreateFailed") if first else ("Updated", "UpdateFailed")
            started = app["Status"] if app["Status"] in _SERVING else started
            app["Status"] = "Creating" if first else "Updating"
            store.in_background("mlflow-resume", _start, app, started, failed)


def shutdown() -> None:
    for _, _, _, app in store.scopes("MlflowApp"):
        supervisor.stop(_process_name(app))
