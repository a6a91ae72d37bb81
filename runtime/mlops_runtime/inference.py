"""Puts the source folder's `inference/` beside the model, where SageMaker's serving images look for code."""
import shutil
from pathlib import Path

SOURCE_FOLDER = "inference"
MODEL_FOLDER = "code"


def add_inference_code(source: str, model_dir: str) -> None:
    """Copies `<source>/inference` to `<model_dir>/code`, unless the script wrote code of its own there."""
    folder = Path(source) / SOURCE_FOLDER
    target = Path(model_dir) / MODEL_FOLDER
    if folder.is_dir() and not target.exists():
        shutil.copytree(folder, target, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
