"""A job's script: predicts the mean of what it is given."""

import json
import os
from pathlib import Path

rows = [float(line) for file in Path(os.environ["SM_CHANNEL_TRAIN"]).iterdir() for line in file.read_text().split()]
folder = Path(os.environ["SM_MODEL_DIR"])
folder.mkdir(parents=True, exist_ok=True)
(folder / "model.json").write_text(json.dumps(sum(rows) / len(rows)))
(folder / "metrics.json").write_text(json.dumps({"rows": len(rows)}))
