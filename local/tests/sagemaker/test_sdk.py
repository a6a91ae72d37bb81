"""The SageMaker Python SDK, unmodified, trains, deploys and predicts."""

import json
import subprocess
from pathlib import Path

from sagemaker_platform import Platform

from mlops_local.processes import environments

TRAIN = """
import argparse, os
import joblib, pandas as pd
from sklearn.linear_model import LogisticRegression

def model_fn(folder):
    return joblib.load(os.path.join(folder, "model.joblib"))

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--max-iter", type=int)
    data = pd.read_csv(os.path.join(os.environ["SM_CHANNEL_TRAIN"], "data.csv"), header=None)
    model = LogisticRegression(max_iter=parser.parse_args().max_iter).fit(data.iloc[:, 1:], data.iloc[:, 0])
    joblib.dump(model, os.path.join(os.environ["SM_MODEL_DIR"], "model.joblib"))
"""
USE_THE_SDK = """
import sys
from sagemaker.sklearn import SKLearn
role, train = sys.argv[1:]
estimator = SKLearn(entry_point="train.py", source_dir="src", framework_version="1.2-1", role=role,
                    instance_type="ml.m5.large", hyperparameters={"max-iter": 50})
estimator.fit({"train": train}, logs="All")
predictor = estimator.deploy(initial_instance_count=1, instance_type="ml.m5.large")
print("predicted", predictor.predict([[0.0], [9.0]]).tolist())
predictor.delete_model()
predictor.delete_endpoint()
"""
# Without this the SDK sends telemetry to a bucket of its makers.
SDK_CONFIG = {"SchemaVersion": "1.0", "SageMaker": {"PythonSDK": {"Modules": {"TelemetryOptOut": True}}}}


def test_the_estimator_fits_deploys_and_predicts(platform: Platform, tmp_path: Path) -> None:
    sdk = environments.pinned("sagemaker-sdk", environments.requirements_file("sagemaker-sdk"))
    train = platform.put("sdk/data.csv", "\n".join(f"{row % 2},{row % 2 * 9}" for row in range(100)))
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "train.py").write_text(TRAIN)
    (tmp_path / "use.py").write_text(USE_THE_SDK)
    (tmp_path / "config.yaml").write_text(json.dumps(SDK_CONFIG))
    result = subprocess.run(
        [sdk.tool("python"), "use.py", platform.role, train.removesuffix("data.csv")], cwd=tmp_path, text=True,
        capture_output=True, timeout=600, check=False,
        env={
            "PATH": "/usr/bin:/bin", "HOME": str(tmp_path),
            "AWS_ENDPOINT_URL": platform.target.endpoint, "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DATA_PATH": platform.target.status()["awsDataPath"],
            "SAGEMAKER_USER_CONFIG_OVERRIDE": str(tmp_path / "config.yaml"),
        })
    assert result.returncode == 0, result.stderr[-3000:]
    assert "predicted [0, 1]" in result.stdout
