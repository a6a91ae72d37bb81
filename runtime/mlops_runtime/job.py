"""Runs the user's training script in this process, between resolving its secrets and publishing its metrics."""
import json
import os
import runpy
import sys
from pathlib import Path
from typing import List, Mapping

from .errors import RuntimeContractError
from .inference import add_inference_code
from .metrics import print_metrics
from .secrets import resolve_secrets

# How the launchers of distributed jobs number their processes.
RANK_VARIABLES = ("RANK", "OMPI_COMM_WORLD_RANK", "PMI_RANK", "SLURM_PROCID")


def run_job(program: str, arguments: List[str], source: str) -> None:
    """Runs `<source>/<program>` as `__main__`. Its exception, or exit code, passes through unchanged."""
    path = Path(source) / program
    if not path.is_file():
        raise RuntimeContractError(
            "the training script must be a file in the source folder, got '%s': the folder holds %s"
            % (program, ", ".join(sorted(entry.name for entry in Path(source).iterdir())) or "nothing")
        )
    resolve_secrets()
    run_script(path, arguments)
    model_dir = os.environ.get("SM_MODEL_DIR")
    if model_dir and is_first_process(os.environ):
        add_inference_code(source, model_dir)
        print_metrics(model_dir)


def run_script(path: Path, arguments: List[str]) -> None:
    """As `python <path> <arguments>` would, in this process; a script that ends by `sys.exit(0)` has succeeded."""
    folder = str(path.parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    sys.argv = [str(path)] + arguments
    try:
        runpy.run_path(str(path), run_name="__main__")
    except SystemExit as end:
        if end.code not in (None, 0):
            raise


def is_first_process(environment: Mapping[str, str]) -> bool:
    """Whether this is rank 0 of a distributed job or, where no launcher numbers processes, the first host."""
    for variable in RANK_VARIABLES:
        if variable in environment:
            return environment[variable] == "0"
    current = environment.get("SM_CURRENT_HOST")
    hosts = json.loads(environment.get("SM_HOSTS") or "[]")
    return current is None or not hosts or current == hosts[0]
