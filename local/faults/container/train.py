"""A training job by SageMaker's container contract. The hyperparameter `behaviour`: `fits`, `is-broken` or `hangs`."""

import json
import os
import time
from pathlib import Path

base = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))
behaviour = json.loads((base / "input/config/hyperparameters.json").read_text())["behaviour"]
while behaviour == "hangs":
    time.sleep(1)
(base / "model/model.json").write_text(json.dumps({"broken": behaviour == "is-broken"}))
