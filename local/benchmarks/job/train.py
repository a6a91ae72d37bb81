"""Some seconds of real fitting: what a training job's overhead is measured against."""

import os
import sys
from pathlib import Path

import joblib
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import GradientBoostingClassifier

features, target = load_breast_cancer(return_X_y=True)
for _ in range(int(sys.argv[sys.argv.index("--rounds") + 1])):
    model = GradientBoostingClassifier(n_estimators=100, random_state=0).fit(features, target)
joblib.dump(model, Path(os.environ["SM_MODEL_DIR"]) / "model.joblib")
