"""What an AWS client needs in its environment to talk to the local target."""

import os
import shlex

import boto3
from botocore.config import Config

from mlops_local.cli import lifecycle
from mlops_local.settings import REGION, Settings


def variables(settings: Settings) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": settings.endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        # The SageMaker SDKs ignore the endpoint's variable for STS: a rule set of the target's own sends them here.
        "AWS_DATA_PATH": str(settings.aws_data_path),
        "SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT": settings.endpoint,
    }


def of_subprocess(settings: Settings) -> dict[str, str]:
    """This process's environment with no trace of the user's own AWS settings, profiles and files included."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    local_only = ",".join(filter(None, [os.environ.get("NO_PROXY"), "127.0.0.1", "localhost"]))
    return inherited | variables(settings) | {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "NO_PROXY": local_only,
        "no_proxy": local_only,
    }


def client(settings: Settings, service: str):
    """A boto3 client of the local target, whatever the user's own AWS settings are."""
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=REGION)
    config = Config(retries={"total_max_attempts": 3}, proxies={}, read_timeout=120)
    return session.client(service, endpoint_url=settings.endpoint, config=config)


def print_exports(settings: Settings) -> int:
    """Export lines for a shell: `eval "$(npm run -s local:env)"`."""
    lifecycle.require_running(settings)
    print("unset AWS_PROFILE AWS_SESSION_TOKEN")
    for name, value in variables(settings).items():
        print(f"export {name}={shlex.quote(value)}")
    return 0
