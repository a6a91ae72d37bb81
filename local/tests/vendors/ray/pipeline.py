"""A job of one's own that gives the stack's training script the training contract."""

import json
import os
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[4]
sys.path.insert(0, str(REPOSITORY / "runtime"))

from mlops_runtime import remote  # noqa: E402

remote.train(str(REPOSITORY / "training" / "train.py"), **json.loads(os.environ["GIVEN"]))
