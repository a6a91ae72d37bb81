"""Every secret of a run is a canary: nothing that the run leaves holds one.

A stack file with both vendors: the tracker's password goes to the job, the endpoint's token into a Connection. The
secrets may be in Secrets Manager, in the Connection's own secret there, and at the vendors.
"""

import base64
import gzip
import io
import json
import secrets
import tarfile
import time
from dataclasses import dataclass
from urllib.parse import quote

import pytest
from e2e import canaries, vendor_servers
from e2e.driver import LocalTarget, receive, subscribe, wait_until

from mlops_local.cli import client_environment, executions
from mlops_local.cli.failure import Failure

STACK = "canaries"
# What has a form of its own in JSON, in a URL and in base64.
SPECIAL = "/+&=~?"

FILE = """
name: {stack}
tracker: {{ provider: mlflow, url: "{tracker}", username: ml, secret: vendor/mlflow, field: password }}
endpoint:
  provider: open-inference
  url: "{endpoint}"
  model: classifier
  repository: models
  implementation: sagemaker_model.SageMakerModel
  secret: vendor/inference
monitor: {{ provider: none }}
"""


@dataclass(frozen=True)
class Run:
    """A run with the vendors, and another that the tracker refused."""

    target: LocalTarget
    secrets: list[str]
    told: list[str]
    """What a person and an alert were told of it."""
    served: bool

    def places(self):
        home = self.target.settings.home
        yield from canaries.answers("told", self.told)
        # The assembly, the target's logs, what jobs and buckets have left; the services' own state holds the secrets.
        yield from canaries.below(home, but=home / "state")
        yield from canaries.of_account(self.target, STACK)


def canary(name: str) -> str:
    return f"canary-{name}-{secrets.token_hex(8)}{SPECIAL}"


@pytest.fixture(scope="module")
def run(local_target, tmp_path_factory) -> Run:
    folder = tmp_path_factory.mktemp("vendors")
    password, token, refused = canary("password"), canary("token"), canary("refused")
    (folder / "tracker").mkdir()
    (folder / "tracker" / "password").write_text(password)
    assert local_target.run("start").returncode == 0
    manager = local_target.client("secretsmanager")
    manager.create_secret(Name="vendor/inference", SecretString=token)
    environment = local_target.environment | client_environment.variables(local_target.settings)
    repository = f"ssm:/mlops/{STACK}/artifact-store#models"
    with vendor_servers.running(environment, manager, folder, "--repository", repository) as vendors:
        assert vendors.password == password
        file = folder / "mlops.yaml"
        file.write_text(FILE.format(stack=STACK, tracker=vendors.tracker["url"], endpoint=vendors.endpoint["url"]))
        code, report = local_target.up("--config", str(file))
        assert code == 0, report["error"]
        queue = subscribe(local_target, report["components"]["alerter"]["address"])
        manager.put_secret_value(SecretId="vendor/mlflow", SecretString=json.dumps({"password": refused}))
        pipeline = local_target.outputs(STACK)["PipelineArn"]
        with pytest.raises(Failure) as failed:
            executions.Execution.of(local_target.settings, pipeline, lambda line: None).run({})
        assert "401" in str(failed.value)
        alerts = wait_until(lambda: receive(local_target, queue), "an alert")
        served = len(vendors.runs()) == 1 and report["heldOut"]["accuracy"] > 0.9
    told = [json.dumps(report), str(failed.value), *alerts]
    return Run(local_target, [password, token, refused], told, served)


def test_the_vendors_took_the_secrets(run):
    assert run.served


def test_no_secret_is_where_it_may_not_be(run):
    assert canaries.found(run.places(), run.secrets) == []


def test_every_place_was_looked_at(run):
    """A search of nothing finds nothing."""
    kinds = {"told", "template", "stack", "parameter", "state machine", "execution", "history", "job", "rule",
             "connection", "log /aws/sagemaker/TrainingJobs", "log /aws/vendedlogs/states", "model.tar.gz",
             "manifest.json", "target.log", "deploy.log"}
    places = [place for place, content in run.places() if content]
    assert {kind for kind in kinds if not any(kind in place for place in places)} == set()
    assert any(place.endswith("!model.joblib") for place in places), "archives are opened"


def test_the_search_finds_what_is_planted(run):
    """The same search, with a secret in each of its services."""
    secret = canary("planted")
    token = f"token={quote(secret, safe='')}"
    run.target.client("ssm").put_parameter(Name="/planted", Type="SecureString", Value=token)
    s3 = run.target.client("s3")
    bucket = s3.list_buckets()["Buckets"][0]["Name"]
    s3.put_object(Bucket=bucket, Key="planted.tar.gz", Body=packed("notes/a.txt", f"Basic {b64('ml:' + secret)}"))
    logs = run.target.client("logs")
    logs.create_log_group(logGroupName="planted")
    logs.create_log_stream(logGroupName="planted", logStreamName="a")
    event = {"timestamp": int(time.time() * 1000), "message": json.dumps({"key": secret})}
    logs.put_log_events(logGroupName="planted", logStreamName="a", logEvents=[event])
    (run.target.settings.home / "logs" / "planted.log").write_text(f"GET /?key={secret}")

    lines = canaries.found(run.places(), [secret])

    for place in ("parameter ", "log planted", "planted.tar.gz!gz!notes/a.txt", "planted.log"):
        assert [line for line in lines if place in line], f"{place} in {lines}"


@pytest.mark.parametrize("before", ["", "a", "ab", "abc"])
@pytest.mark.parametrize("after", ["", "x", "xy", "xyz"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode], ids=["standard", "urlsafe"])
def test_base64_is_seen_through_wherever_the_secret_starts(encode, before, after):
    secret = canary("encoded")
    assert canaries.found([("here", encode(f"{before}{secret}{after}".encode()))], [secret]) == [f"here: {secret}"]


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def packed(name: str, text: str) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        member = tarfile.TarInfo(name)
        member.size = len(text.encode())
        archive.addfile(member, io.BytesIO(text.encode()))
    return gzip.compress(content.getvalue())
