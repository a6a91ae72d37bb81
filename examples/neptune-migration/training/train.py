"""Trains as training/train.py does, which logs to MLflow, and tells Neptune of the run too, as long as Neptune answers."""
import json
import os
from pathlib import Path

import standard

# Neptune's client would try a server that is gone for a minute.
os.environ.setdefault("NEPTUNE_RETRIES_TIMEOUT", "5")


def log_to_neptune(metrics):
    """The old side is a copy: that it cannot be reached is said, and fails no run."""
    try:
        import neptune

        run = neptune.init_run(name=os.environ.get("TRAINING_JOB_NAME"), capture_hardware_metrics=False, source_files=[])
        run["metrics"] = metrics
        run.stop()
    except Exception as error:  # the client's own, those of its connection, those of a version that no longer imports
        print(f"train.py: the run is not in Neptune: {type(error).__name__}", flush=True)


def main():
    standard.main()
    log_to_neptune(json.loads(Path(os.environ["SM_MODEL_DIR"], "metrics.json").read_text(encoding="utf-8")))


if __name__ == "__main__":
    main()
