"""Every form of a credential against a real service, whose secret is rotated while an execution waits for it."""

import base64
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from vendors.sdks.recorder import Answer, Request, answer, recorder

from aws.running_target import Machine

REPOSITORY = Path(__file__).resolve().parents[3]
BUCKET = "auth-assets"
PASSWORDS = ["first-password-0123", "second-password-4567", "third-password-8901", "fourth-password-2345", "fifth-password-6789"]


@dataclass
class Service:
    """A job that ends when it is told to, for those who know the password, or have a token that the password brought."""

    password: str = PASSWORDS[0]
    done: bool = False
    jobs: int = 0
    refused: int = 0

    def __call__(self, request: Request) -> Answer:
        if not self._knows(request):
            self.refused += 1
            return answer(401, {"message": "who are you?"})
        if request.path in ("/token", "/oauth"):
            return answer(200, {"access_token": self._token})
        if request.method == "POST":
            return answer(409, {"message": f"{request.body['name']} exists already"})
        if request.path == "/missing":
            return answer(404, {"message": "there is none"})
        self.jobs += 1
        return answer(200, {"status": "done" if self.done else "running"})

    @property
    def _token(self) -> str:
        return f"token-of-{self.password}"

    def _knows(self, request: Request) -> bool:
        if request.path == "/oauth":
            return parse_qs(request.content.decode())["client_secret"] == [self.password]
        basic = "Basic " + base64.b64encode(f"ml:{self.password}".encode()).decode()
        return request.authorization in ([basic] if request.path == "/token" else [basic, f"Bearer {self._token}"])


@pytest.fixture(scope="module")
def service() -> Service:
    return Service()


@pytest.fixture(scope="module")
def url(service) -> Iterator[str]:
    with recorder(service) as recorded:
        yield recorded.url


@pytest.fixture(scope="module")
def outputs(target, url, tmp_path_factory) -> Iterator[dict[str, str]]:
    assembly = tmp_path_factory.mktemp("assembly")
    app = ["node", "-r", "ts-node/register/transpile-only", "local/tests/aws/auth.ts", str(assembly), BUCKET, url]
    subprocess.run(app, cwd=REPOSITORY, capture_output=True, text=True, check=True, env={**os.environ, "CDK_VALIDATION": "false"})
    s3 = target.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    for asset in json.loads((assembly / "auth.assets.json").read_text())["files"].values():
        destination, = asset["destinations"].values()
        source = assembly / asset["source"]["path"]
        if asset["source"]["packaging"] == "zip":
            source = shutil.make_archive(tmp_path_factory.mktemp("asset") / "asset", "zip", source)
        s3.upload_file(str(source), BUCKET, destination["objectKey"])
    cloudformation = target.client("cloudformation")
    s3.upload_file(str(assembly / "auth.template.json"), BUCKET, "auth.template.json")
    template = f"{s3.meta.endpoint_url}/{BUCKET}/auth.template.json"
    cloudformation.create_stack(StackName="auth", TemplateURL=template, Capabilities=["CAPABILITY_IAM"])
    cloudformation.get_waiter("stack_create_complete").wait(StackName="auth", WaiterConfig={"Delay": 1})
    stack, = cloudformation.describe_stacks(StackName="auth")["Stacks"]
    yield {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    cloudformation.delete_stack(StackName="auth")


def until(condition, seconds: int = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.parametrize(("name", "password"), list(zip(["Basic", "Read", "Token", "OAuth"], PASSWORDS[1:], strict=True)))
def test_a_secret_that_is_rotated_in_mid_run_costs_a_retry(target, states, service, outputs, name, password):
    service.done, service.jobs, service.refused = False, 0, 0
    execution = Machine(states, outputs[name]).start({"runId": "r1"})
    until(lambda: service.jobs > 0)

    service.password = password
    until(lambda: service.refused > 0)
    target.client("secretsmanager").put_secret_value(SecretId=outputs["SecretArn"], SecretString=json.dumps({"password": password}))
    seen = service.jobs
    until(lambda: service.jobs > seen, 60)
    service.done = True
    until(lambda: states.describe_execution(executionArn=execution)["status"] != "RUNNING")

    ended = states.describe_execution(executionArn=execution)
    assert ended["status"] == "SUCCEEDED", ended
    assert json.loads(ended["output"]) == {"submitted": "States.Http.StatusCode.409", "missing": "States.Http.StatusCode.404"}
    history = json.dumps(states.get_execution_history(executionArn=execution, maxResults=1000)["events"], default=str)
    assert not [word for word in [*PASSWORDS, "token-of-"] if word in history]
