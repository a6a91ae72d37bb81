"""HuggingFaceModelEndpoint sends what Hugging Face's own client sends, to a server that stands in for theirs."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from vendors.sdks.recorder import Answer, Recorder, Request, answer, recorder
from vendors.server import environment_of

HERE = Path(__file__).parent
TOKEN, ROWS = "token-of-the-test", ["a payment", "a refund"]
LABELS = [[{"label": "fraud", "score": 0.9}], [{"label": "honest", "score": 0.8}]]

pytestmark = pytest.mark.proves("model endpoint", "hugging-face", "huggingface_hub", grade="sdk")


class Endpoint:
    """An Inference Endpoint: what it is asked for takes effect when it is looked at the second time."""

    def __init__(self) -> None:
        self.state, self.revision, self.coming = "running", "a1", "running"

    def __call__(self, request: Request) -> Answer:
        if request.authorization != f"Bearer {TOKEN}":
            return answer(401, {"error": "Unauthorized"})
        match request.method, request.path:
            case "POST", "/":
                return answer(200, LABELS)
            case "PUT", "/v2/endpoint/acme/fraud":
                self.revision = request.body["model"]["revision"]
                return self.move("updating", "running")
            case "POST", "/v2/endpoint/acme/fraud/pause":
                return self.move("paused", "paused")
            case "POST", "/v2/endpoint/acme/fraud/resume":
                return answer(400, {"error": "Bad Request: Endpoint is already running"}) if self.state == "running" else self.move("initializing", "running")
            case "GET", "/v2/endpoint/acme/fraud":
                seen = self.described()
                self.state = self.coming
                return seen
        return answer(404, {"error": "Not Found"})

    def move(self, state: str, coming: str) -> Answer:
        self.state, self.coming = state, coming
        return self.described()

    def described(self) -> Answer:
        """As `InferenceEndpoint` of the client reads it."""
        at = "2026-01-01T00:00:00Z"
        return answer(200, {
            "name": "fraud", "type": "protected", "healthRoute": "/health", "model": {"repository": "acme/fraud", "framework": "pytorch", "revision": self.revision, "task": "text-classification"},
            "status": {"state": self.state, "message": "", "createdAt": at, "updatedAt": at},
        })  # fmt: skip


@pytest.fixture(scope="module")
def vendor() -> Iterator[Recorder]:
    with recorder(Endpoint()) as recorded:
        yield recorded


@pytest.fixture(scope="module")
def machines(vendor, deploy):
    return deploy(HERE / "app.ts", vendor.url)


@pytest.fixture(scope="module")
def client(vendor, versions) -> Callable[[str], object]:
    """Evaluates Python with Hugging Face's own client, whose address of the API is a constant."""
    python = environment_of("hugging-face").tool("python")
    program = "import huggingface_hub; print(huggingface_hub.__version__)"
    versions["huggingface_hub"] = subprocess.check_output([python, "-c", program], text=True).strip()

    def client(expression: str) -> object:
        given = f"""
import json
from huggingface_hub import HfApi, InferenceClient, constants
constants.INFERENCE_ENDPOINTS_ENDPOINT = '{vendor.url}/v2'
endpoint, inference = HfApi().get_inference_endpoint('fraud', namespace='acme'), InferenceClient(model='{vendor.url}')
print(json.dumps({expression}))
"""
        ended = subprocess.run([python, "-c", given], capture_output=True, text=True, check=False, env={"PATH": "/usr/bin:/bin", "HF_TOKEN": TOKEN, "HF_HUB_DISABLE_TELEMETRY": "1"})
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout)

    return client


def changes(vendor: Recorder) -> list[tuple]:
    """What was asked for, besides looking; forgotten then."""
    asked = [(request.method, request.path, request.authorization, json.loads(request.content) if request.content else None) for request in vendor.requests if request.method != "GET"]
    vendor.exchanges.clear()
    return asked


def test_rows_go_as_its_own_client_sends_them(machines, vendor, client):
    vendor.exchanges.clear()
    assert machines["Infer"].output({"rows": ROWS}) == {"predictions": LABELS}
    step = changes(vendor)

    assert client(f"inference.text_classification({ROWS}, top_k=1)") == LABELS[0]
    assert step == changes(vendor)


@pytest.mark.parametrize(("machine", "given", "result", "expression"), [
    ("DeployRevision", {"revision": "b2"}, {"endpoint": "acme/fraud", "version": "b2"}, "endpoint.update(revision='b2').revision"),
    ("Pause", {}, {"endpoint": "acme/fraud", "status": "paused"}, "endpoint.pause().status"),
    ("Resume", {}, {"endpoint": "acme/fraud", "status": "running"}, "endpoint.resume(running_ok=True).status"),
])  # fmt: skip
def test_it_is_managed_as_its_own_client_does(machines, vendor, client, machine, given, result, expression):
    vendor.exchanges.clear()
    assert machines[machine].output(given) == result
    step = changes(vendor)

    client(expression)
    own = changes(vendor)
    assert len(step) == 1
    assert step == own


def test_what_runs_already_is_resumed(machines):
    assert machines["Resume"].output({}) == {"endpoint": "acme/fraud", "status": "running"}
