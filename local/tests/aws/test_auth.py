"""Every form of a credential against a real service, whose secret is rotated while an execution waits for it."""

import base64
import json
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from aws.running_target import Machine

REPOSITORY = Path(__file__).resolve().parents[3]
BUCKET = "auth-assets"
PASSWORDS = ["first-password-0123", "second-password-4567", "third-password-8901", "fourth-password-2345", "fifth-password-6789"]


class Service(BaseHTTPRequestHandler):
    """A job that ends when it is told to, for those who know the password, or have a token that the password brought."""

    password = PASSWORDS[0]
    done = False
    jobs = refused = 0

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"] or 0)).decode()
        if self.path == "/token":
            return self._answer(200, {"access_token": f"token-of-{self.password}"}) if self._is_basic() else self._refuse()
        if self.path == "/oauth":
            secret, = parse_qs(body)["client_secret"]
            return self._answer(200, {"access_token": f"token-of-{self.password}"}) if secret == self.password else self._refuse()
        return self._answer(409, {"message": f"{json.loads(body)['name']} exists already"}) if self._is_known() else self._refuse()

    def do_GET(self) -> None:
        if not self._is_known():
            return self._refuse()
        if self.path == "/missing":
            return self._answer(404, {"message": "there is none"})
        Service.jobs += 1
        return self._answer(200, {"status": "done" if self.done else "running"})

    def _is_basic(self) -> bool:
        return self.headers["authorization"] == "Basic " + base64.b64encode(f"ml:{self.password}".encode()).decode()

    def _is_known(self) -> bool:
        return self._is_basic() or self.headers["authorization"] == f"Bearer token-of-{self.password}"

    def _refuse(self) -> None:
        Service.refused += 1
        self._answer(401, {"message": "who are you?"})

    def _answer(self, status: int, value: dict) -> None:
        content = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def outputs(target, tmp_path_factory) -> Iterator[dict[str, str]]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    assembly = tmp_path_factory.mktemp("assembly")
    app = ["node", "-r", "ts-node/register/transpile-only", "local/tests/aws/auth.ts", str(assembly), BUCKET,
           f"http://127.0.0.1:{server.server_address[1]}"]
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
    server.shutdown()


def until(condition, seconds: int = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.parametrize(("name", "password"), list(zip(["Basic", "Read", "Token", "OAuth"], PASSWORDS[1:], strict=True)))
def test_a_secret_that_is_rotated_in_mid_run_costs_a_retry(target, states, outputs, name, password):
    Service.done, Service.jobs, Service.refused = False, 0, 0
    execution = Machine(states, outputs[name]).start({"runId": "r1"})
    until(lambda: Service.jobs > 0)

    Service.password = password
    until(lambda: Service.refused > 0)
    target.client("secretsmanager").put_secret_value(SecretId=outputs["SecretArn"], SecretString=json.dumps({"password": password}))
    seen = Service.jobs
    until(lambda: Service.jobs > seen, 60)
    Service.done = True
    until(lambda: states.describe_execution(executionArn=execution)["status"] != "RUNNING")

    ended = states.describe_execution(executionArn=execution)
    assert ended["status"] == "SUCCEEDED", ended
    assert json.loads(ended["output"]) == {"submitted": "States.Http.StatusCode.409", "missing": "States.Http.StatusCode.404"}
    history = json.dumps(states.get_execution_history(executionArn=execution, maxResults=1000)["events"], default=str)
    assert not [word for word in [*PASSWORDS, "token-of-"] if word in history]
