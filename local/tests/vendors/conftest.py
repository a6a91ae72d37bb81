"""What all lanes share: a local target, apps that are deployed to it, and the proof that a server was there."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from aws.running_target import Machine
from e2e.driver import LocalTarget, free_port

from mlops_local.settings import REPOSITORY, Settings

pytest.register_assert_rewrite("vendors.looping", "vendors.orchestrating")

BUCKET = "vendors"
VERSIONS: dict[str, str] = {}
PASSED: dict[tuple[str, ...], bool] = {}


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "proves(component, provider, server, grade): runs the provider against the vendor's real server, or the vendor's own client (grade='sdk')")


@pytest.fixture(scope="session")
def versions() -> dict[str, str]:
    """The version of each server, as it has said itself."""
    return VERSIONS


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """A provider is proven when every test that says so has passed."""
    report = yield
    for mark in item.iter_markers("proves"):
        proof = (*mark.args, mark.kwargs.get("grade", "server"), item.path.parent.name)
        PASSED[proof] = PASSED.get(proof, True) and report.passed
    return report


def pytest_sessionfinish() -> None:
    """Writes the proofs to the file that the variable MLOPS_VENDOR_PROOFS names."""
    file = os.environ.get("MLOPS_VENDOR_PROOFS")
    if file is not None:
        names = ("component", "provider", "server", "grade", "lane")
        proofs = [dict(zip(names, proof, strict=True)) | {"version": VERSIONS[proof[2]]} for proof, passed in sorted(PASSED.items()) if passed]
        Path(file).write_text(json.dumps(proofs))


@pytest.fixture(scope="session")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalTarget]:
    home = tmp_path_factory.mktemp("home").resolve()
    target = LocalTarget(Settings(port=free_port(), home=home, cache=Settings.from_environment().cache))
    started = target.run("start")
    assert started.returncode == 0, started.stderr
    s3 = target.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_bucket_notification_configuration(Bucket=BUCKET, NotificationConfiguration={"EventBridgeConfiguration": {}})
    yield target
    target.remove()


@pytest.fixture(scope="session")
def s3(target: LocalTarget):
    return target.client("s3")


@pytest.fixture(scope="session")
def deploy(target: LocalTarget, s3, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., dict[str, Machine]]:
    """Deploys the stack of a lane's app.ts with its assets; returns its state machines, by the names of the stack's outputs."""

    def deploy(app: Path, url: str) -> dict[str, Machine]:
        name, assembly = app.parent.name, tmp_path_factory.mktemp("assembly")
        program = ["node", "-r", "ts-node/register/transpile-only", str(app), str(assembly), BUCKET, url]
        made = subprocess.run(program, cwd=REPOSITORY, capture_output=True, text=True, check=False, env={**os.environ, "CDK_VALIDATION": "false"})
        assert made.returncode == 0, made.stderr
        for asset in json.loads((assembly / f"{name}.assets.json").read_text())["files"].values():
            destination, = asset["destinations"].values()
            source = assembly / asset["source"]["path"]
            if asset["source"]["packaging"] == "zip":
                source = shutil.make_archive(tmp_path_factory.mktemp("asset") / "asset", "zip", source)
            s3.upload_file(str(source), BUCKET, destination["objectKey"])
        s3.upload_file(str(assembly / f"{name}.template.json"), BUCKET, f"{name}.template.json")
        cloudformation = target.client("cloudformation")
        cloudformation.create_stack(StackName=name, TemplateURL=f"{s3.meta.endpoint_url}/{BUCKET}/{name}.template.json", Capabilities=["CAPABILITY_IAM"])
        cloudformation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
        states = target.client("stepfunctions")
        return {output: Machine(states, arn) for output, arn in target.outputs(name).items()}

    return deploy


@pytest.fixture(scope="session")
def on_loopback(target: LocalTarget) -> Callable[[str], str]:
    """The address of an ingress on the local target, where the hosts of API Gateway do not resolve."""
    return lambda url: f"{target.settings.endpoint}/_aws/execute-api/{urlsplit(url).hostname.split('.')[0]}/$default/"


@pytest.fixture(scope="session")
def bound(target: LocalTarget) -> Callable[[str], dict[str, str]]:
    """The environment of a client of a component, which has nothing but what the component's stack publishes under this name, and the secrets."""
    parameters, secrets = target.client("ssm"), target.client("secretsmanager")

    def bound(name: str) -> dict[str, str]:
        binding = json.loads(parameters.get_parameter(Name=f"/mlops/{name}")["Parameter"]["Value"])
        read = {name: json.loads(secrets.get_secret_value(SecretId=secret["secretArn"])["SecretString"])[secret["field"]] for name, secret in binding["secrets"].items()}
        return {"PATH": "/usr/bin:/bin", **binding["variables"], **read}

    return bound


@pytest.fixture
def told(request: pytest.FixtureRequest, target: LocalTarget, machines) -> Callable[..., list[dict]]:
    """What a queue has been told, by the name of the output that has its address, of the stack of the lane."""
    sqs, outputs = target.client("sqs"), target.outputs(request.path.parent.name)

    def told(name: str, seconds: int = 1) -> list[dict]:
        messages = sqs.receive_message(QueueUrl=outputs[name], MaxNumberOfMessages=10, WaitTimeSeconds=seconds).get("Messages", [])
        for message in messages:
            sqs.delete_message(QueueUrl=outputs[name], ReceiptHandle=message["ReceiptHandle"])
        return [json.loads(message["Body"]) for message in messages]

    return told


@pytest.fixture
def decided(told) -> Callable[..., list[dict]]:
    """What the target of a registry's decisions has been told, since the test began."""
    told("ToldUrl", 0)
    return partial(told, "ToldUrl")
