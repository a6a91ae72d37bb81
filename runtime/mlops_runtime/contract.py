"""SageMaker's script-mode variables (`SM_*`) where SageMaker is not there to set them: a pool, a vendor's cluster.

A variable that is already set is kept, so under SageMaker's own toolkit this changes nothing.
"""
import json
import os
import re
from pathlib import Path
from typing import Mapping, MutableMapping, Optional

from .errors import RuntimeContractError

CHANNEL_PREFIX = "MLOPS_CHANNEL_"
OUTPUT_VARIABLE = "MLOPS_OUTPUT_DIR"
CHANNEL_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")


def supply_contract(
    environment: MutableMapping[str, str] = os.environ,
    channels: Optional[Mapping[str, str]] = None,
    output: Optional[str] = None,
) -> None:
    """Sets `SM_*` from `channels` (name to folder) and MLOPS_CHANNEL_<NAME>; makes the output folders."""
    folders = {
        name[len(CHANNEL_PREFIX):].lower(): path
        for name, path in environment.items()
        if name.startswith(CHANNEL_PREFIX)
    }
    folders.update(channels or {})
    supplied = {"SM_CHANNEL_" + name.upper(): channel_folder(name, path) for name, path in sorted(folders.items())}

    root = Path(output or environment.get(OUTPUT_VARIABLE) or "output").absolute()
    supplied.update(
        SM_CHANNELS=json.dumps(sorted(folders)),
        SM_MODEL_DIR=str(root / "model"),
        SM_OUTPUT_DIR=str(root),
        SM_OUTPUT_DATA_DIR=str(root / "data"),
        SM_HOSTS=json.dumps(["algo-1"]),
        SM_CURRENT_HOST="algo-1",
        SM_NUM_CPUS=str(os.cpu_count() or 1),
    )
    for name, value in supplied.items():
        environment.setdefault(name, value)
    for name in ("SM_MODEL_DIR", "SM_OUTPUT_DIR", "SM_OUTPUT_DATA_DIR"):
        Path(environment[name]).mkdir(parents=True, exist_ok=True)


def channel_folder(name: str, path: str) -> str:
    if CHANNEL_NAME.fullmatch(name) is None:
        raise RuntimeContractError(
            "a channel's name must be 1 to 64 letters, digits, '_', '.' or '-', got '%s': rename it" % name
        )
    if not Path(path).is_dir():
        raise RuntimeContractError(
            "channel '%s' must be a folder on this machine, got '%s': download or mount the data first" % (name, path)
        )
    return str(Path(path).absolute())
