"""Trains a classifier on the channel `train` and scores it on the channel `test`.

A channel is a folder of CSV files with one header line and `target` as the first column.
"""
import argparse
import contextlib
import json
import logging
import os
import sys
from pathlib import Path

import joblib
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

TARGET = "target"


def parse_arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--regularization", type=float, default=1.0, help="strength of the L2 penalty")
    parser.add_argument("--max-iter", type=int, default=1000)
    return parser.parse_args()


def read_channel(name):
    """The features and the target of every row in the channel's CSV files."""
    variable = f"SM_CHANNEL_{name.upper()}"
    folder = os.environ.get(variable)
    if not folder:
        sys.exit(f"train.py: channel '{name}' is missing ({variable} is not set): give the job a channel '{name}'")
    files = sorted(Path(folder).rglob("*.csv"))
    if not files:
        sys.exit(f"train.py: channel '{name}' must hold CSV files, got none in {folder}: upload data for it")
    rows = pd.concat([pd.read_csv(file) for file in files], ignore_index=True)
    if rows.empty or rows.columns[0] != TARGET:
        sys.exit(
            f"train.py: channel '{name}' must hold rows whose first column is '{TARGET}', "
            f"got {len(rows)} rows, first column '{rows.columns[0]}': write one header line and the target first"
        )
    return rows.drop(columns=TARGET).to_numpy(dtype=float), rows[TARGET].to_numpy()


def train(features, target, regularization, max_iter):
    classifier = LogisticRegression(C=1.0 / regularization, max_iter=max_iter)
    return make_pipeline(StandardScaler(), classifier).fit(features, target)


def evaluate(model, features, target):
    predicted = model.predict(features)
    probabilities = model.predict_proba(features)
    if len(model.classes_) == 2:
        positive = model.classes_[1]
        f1 = f1_score(target, predicted, pos_label=positive)
        roc_auc = roc_auc_score(target == positive, probabilities[:, 1])
    else:
        f1 = f1_score(target, predicted, average="weighted")
        roc_auc = roc_auc_score(target, probabilities, multi_class="ovr", labels=model.classes_)
    return {"accuracy": float(accuracy_score(target, predicted)), "f1": float(f1), "roc_auc": float(roc_auc)}


@contextlib.contextmanager
def tracked_run(parameters):
    """An MLflow run around the training when MLFLOW_TRACKING_URI names a tracker, else nothing.

    MLflow reads where to log, and as whom, from its own variables, so any tracker that speaks MLflow will do.
    """
    if not os.environ.get("MLFLOW_TRACKING_URI"):
        yield None
        return
    # MLflow would try a tracker that is down for four minutes; this is half a minute.
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "4")
    import mlflow

    # sagemaker-mlflow adds its header to every request, and warns on each one when the tracker is not SageMaker's.
    logging.getLogger("mlflow.tracking.request_header.registry").setLevel(logging.ERROR)
    try:
        run = mlflow.start_run(run_name=os.environ.get("TRAINING_JOB_NAME"))
    except mlflow.exceptions.MlflowException as error:
        address = os.environ["MLFLOW_TRACKING_URI"]
        sys.exit(f"train.py: the tracker {address} cannot be used: {error}: check its address and the credential")
    with run:
        if os.environ.get("MLOPS_RUN_ID"):
            mlflow.set_tag("mlops.run_id", os.environ["MLOPS_RUN_ID"])
        mlflow.log_params(parameters)
        yield mlflow
    print(f"mlflow run {run.info.run_id}", flush=True)


def save(model, metrics, folder):
    folder.mkdir(parents=True, exist_ok=True)
    joblib.dump(model, folder / "model.joblib")
    (folder / "metrics.json").write_text(json.dumps(metrics), encoding="utf-8")


def main():
    arguments = parse_arguments()
    train_features, train_target = read_channel("train")
    test_features, test_target = read_channel("test")
    model_dir = Path(os.environ["SM_MODEL_DIR"])
    with tracked_run(vars(arguments)) as tracker:
        model = train(train_features, train_target, arguments.regularization, arguments.max_iter)
        metrics = evaluate(model, test_features, test_target)
        save(model, metrics, model_dir)
        if tracker is not None:
            tracker.log_metrics(metrics)
            tracker.log_artifact(str(model_dir / "model.joblib"), artifact_path="model")
    print(f"trained on {len(train_target)} rows, scored on {len(test_target)}: {metrics}", flush=True)


if __name__ == "__main__":
    main()
