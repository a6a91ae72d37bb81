"""OpenAiModelEndpoint against llama.cpp's server with a small language model, and OpenAI's own client with the binding."""

import json
import math
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from e2e.driver import free_port
from vendors.server import Server, environment_of, process

HERE = Path(__file__).parent
KEY = "key-of-the-test"

pytestmark = pytest.mark.proves("model endpoint", "openai", "llama.cpp")

CLIENT = """
import os
import openai
said = [("system", "Answer in one sentence"), ("user", "What is the capital of France?")]
answer = openai.OpenAI().chat.completions.create(model=os.environ["MLOPS_INFERENCE_MODEL"], temperature=0, max_tokens=24,
                                                 messages=[{"role": role, "content": content} for role, content in said])
print(answer.choices[0].message.content)
"""


@pytest.fixture(scope="module")
def servers(versions, tmp_path_factory) -> Iterator[list[Server]]:
    """One server answers, the other gives vectors: llama.cpp's does one of the two."""
    python = environment_of("openai")
    said = subprocess.run([python.tool("python"), "-c", "import xllamacpp; print(xllamacpp.__version__)"], capture_output=True, text=True, check=True)
    versions["llama.cpp"] = said.stdout.strip()
    with ExitStack() as running:
        servers = []
        for task in ([], ["embedding"]):
            folder, port = tmp_path_factory.mktemp("llama"), free_port()
            server = Server(f"http://127.0.0.1:{port}", {"authorization": f"Bearer {KEY}"})
            started = running.enter_context(process([python.tool("python"), str(HERE / "serve.py"), str(port), KEY, *task], folder, {}))
            server.wait("/health", started)
            servers.append(server)
        yield servers


@pytest.fixture(scope="module")
def machines(servers, deploy):
    return deploy(HERE / "app.ts", ",".join(f"{server.url}/v1" for server in servers))


def test_each_text_is_answered(machines):
    rows = [f"What is the capital of {country}?" for country in ("France", "Germany", "Japan")]

    predictions = machines["Chat"].output({"rows": rows})["predictions"]

    assert [city in answer for city, answer in zip(["Paris", "Berlin", "Tokyo"], predictions, strict=True)] == [True] * 3, predictions


def test_a_row_may_be_a_conversation(machines):
    said = [("user", "What is the capital of France?"), ("assistant", "The capital of France is Paris."), ("user", "And of Japan?")]
    row = [{"role": role, "content": content} for role, content in said]

    prediction, = machines["Chat"].output({"rows": [row]})["predictions"]

    assert "Tokyo" in prediction


def test_each_text_has_a_vector(machines, servers):
    rows = ["A cat sleeps on the mat", "A kitten is asleep on the rug", "Interest rates rose by half a percent"]

    cat, kitten, rates = machines["Embed"].output({"rows": rows})["predictions"]
    alone, = machines["Embed"].output({"rows": rows[:1]})["predictions"]

    assert len(cat) == 576
    assert cosine(cat, kitten) > cosine(cat, rates)
    assert cosine(cat, alone) > 0.999


def cosine(one: list[float], other: list[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True)) / math.hypot(*one) / math.hypot(*other)


def test_who_is_not_known_is_refused(machines):
    described = machines["Refused"].run({"rows": ["Hello"]})

    assert described["error"] == "Mlops.Unauthorized"


def test_what_the_server_refuses_fails_the_step(machines):
    described = machines["Chat"].run({"rows": [4711]})

    assert described["error"] == "Mlops.Failed", described


def test_openais_client_has_all_it_needs_by_the_binding(target, machines):
    binding = json.loads(target.client("ssm").get_parameter(Name="/mlops/openai/model-endpoint")["Parameter"]["Value"])
    secrets = {name: json.loads(target.client("secretsmanager").get_secret_value(SecretId=secret["secretArn"])["SecretString"])[secret["field"]]
               for name, secret in binding["secrets"].items()}  # fmt: skip

    variables = {"PATH": "/usr/bin:/bin", **binding["variables"], **secrets}
    ended = subprocess.run([environment_of("openai").tool("python"), "-c", CLIENT], env=variables, capture_output=True, text=True, check=False)

    assert ended.returncode == 0, ended.stderr
    assert "Paris" in ended.stdout
