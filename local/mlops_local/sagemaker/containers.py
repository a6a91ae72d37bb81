"""What training and serving containers have in common: their environment variables."""

from __future__ import annotations

import os
from pathlib import Path

from mlops_local.processes.environments import PythonEnvironment

_INHERITED = ("LANG", "LC_ALL", "TZ")


def base_environment(python_environment: PythonEnvironment, region: str) -> dict[str, str]:
    """A clean environment in which the image's own programs come first."""
    environment = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    environment["PATH"] = os.pathsep.join([*python_environment.programs, os.environ.get("PATH", "/usr/bin")])
    environment.update({
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "PYTHONUNBUFFERED": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_INPUT": "1",
    })
    return environment


def network_environment(credentials: dict[str, str]) -> dict[str, str]:
    """What a container without network isolation gets: the role's credentials, and the target's address."""
    return {**credentials, "SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT": credentials["AWS_ENDPOINT_URL"]}


def visible_to_sandbox(credentials: dict[str, str]) -> list[Path]:
    """Paths that the environment variables point to."""
    return [Path(credentials["AWS_DATA_PATH"])] if credentials.get("AWS_DATA_PATH") else []
