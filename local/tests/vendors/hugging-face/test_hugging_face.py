"""HuggingFaceModelRegistry with the Hub's own client: what the steps write, it reads, and what it writes, the steps read; the Hub itself is a stand-in."""

import json
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from e2e.driver import free_port, wait_until
from vendors.sdks.recorder import Recorder, hand_on, recorder
from vendors.server import Server, environment_of, process, version_of

from mlops_local.cli import executions

HERE = Path(__file__).parent
REPOSITORY, TOKEN, WEBHOOKS = "acme/fraud", "token-of-the-test", "webhooks-of-the-test"
MODEL = {"modelUri": "s3://vendors/ml/model.tar.gz", "metrics": {"accuracy": 0.97, "größe": 0.1}}

pytestmark = [pytest.mark.proves("model registry", "hugging-face", "huggingface_hub", grade="sdk")]


@pytest.fixture(scope="module")
def python(versions):
    environment = environment_of("hugging-face")
    versions["huggingface_hub"] = version_of(environment, "huggingface_hub")
    return environment


@pytest.fixture(scope="module")
def hub(python, tmp_path_factory) -> Iterator[Recorder]:
    """What the Hub is asked."""
    folder, port = tmp_path_factory.mktemp("hub"), free_port()
    server = Server(f"http://127.0.0.1:{port}")
    (folder / "repository").mkdir()
    with process([python.tool("python"), str(HERE / "hub.py"), str(port), str(folder / "repository")], folder, {"HOME": str(folder)}) as started:
        server.wait("/", started)
        with recorder(hand_on(server.url)) as recorded:
            yield recorded


@pytest.fixture(scope="module")
def machines(hub, deploy):
    return deploy(HERE / "app.ts", hub.url)


@pytest.fixture(scope="module")
def client(bound, machines, python, tmp_path_factory) -> Callable[[str], object]:
    """Evaluates Python with the Hub's own client, `api`, which has nothing but what the stack publishes of its registry."""
    variables = {"HOME": str(tmp_path_factory.mktemp("client")), **bound("hugging-face/model-registry")}

    def client(expression: str, **given: object) -> object:
        program = f"import json, os; from huggingface_hub import HfApi, hf_hub_download; api, repository = HfApi(), os.environ['MLOPS_MODEL_REGISTRY']; print(json.dumps({expression}))"
        named = "".join(f"{name} = {value!r}; " for name, value in given.items())
        ended = subprocess.run([python.tool("python"), "-c", named + program], env=variables, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout)

    return client


@pytest.fixture(scope="module")
def ingress(target, on_loopback, machines) -> str:
    return on_loopback(target.outputs("hugging-face")["WebhookUrl"])


@pytest.fixture(scope="module")
def webhook(client, ingress) -> None:
    subscribe(client, ingress)


def subscribe(client, url: str) -> None:
    """What a user does once."""
    made = "api.create_webhook(url=url, watched=[{'type': 'model', 'name': repository}], domains=['repo'], secret=secret).disabled"
    assert client(made, url=url, secret=WEBHOOKS) is False


HELD = "json.load(open(hf_hub_download(repository, 'mlops.json', revision=revision)))"
TAGS = "{tag.name: tag.target_commit for tag in api.list_repo_refs(repository).tags}"
HISTORY = "[[commit.commit_id, commit.title, commit.message] for commit in api.list_repo_commits(repository)]"


def registered(machines, run: str) -> str:
    return machines["Register"].output({"runId": run, **MODEL})["version"]


def test_a_version_is_registered_once_a_run(machines, client):
    first = machines["Register"].output({"runId": "monday", **MODEL})
    again = machines["Register"].output({"runId": "monday", **MODEL})
    other = machines["Register"].output({"runId": "tuesday", **MODEL})

    assert first == again
    assert first["status"] == "PendingManualApproval"
    tags, history = client(TAGS), client(HISTORY)
    assert set(tags) == {first["version"], other["version"]}
    assert history[:2] == [[tags[one["version"]], f"Register {one['version']}", "Nightly, für alle"] for one in (other, first)]


def test_the_hubs_client_reads_what_was_registered(machines, client):
    version = registered(machines, "held")

    held = client(HELD, revision=version)

    assert held.pop("changedAt").endswith("Z")
    assert held == {
        "version": version, "runId": "held", "modelUri": MODEL["modelUri"], "image": "acme/image", "metrics": {"accuracy": 0.97, "gr--e": 0.1}, "status": "PendingManualApproval",
    }  # fmt: skip


def test_a_version_is_looked_up(machines, client):
    version = registered(machines, "looked-up")
    at = client(HELD, revision=version)["changedAt"]

    assert machines["Resolve"].output({"version": version}) == {
        "version": version, "modelUri": MODEL["modelUri"], "image": "acme/image", "status": "PendingManualApproval", "changedAt": at,
    }  # fmt: skip


def test_what_is_not_there_and_who_is_not_known(machines):
    error, cause = machines["Resolve"].failure({"version": "register-never"})
    assert (error, "Invalid rev id: register-never" in cause) == ("Mlops.Failed", True)
    assert machines["Refused"].failure(MODEL)[0] == "Mlops.Unauthorized"


def test_a_decision_is_told_by_the_hubs_webhook(machines, client, webhook, decided):
    version = registered(machines, "approved")

    machines["Reject"].output({"version": version})
    assert machines["Approve"].output({"version": version}) == {"version": version, "status": "Approved"}

    event, = wait_until(decided, "the approval is told")
    at = event.pop("at")
    assert event == {"version": f"refs/tags/approved.{version}", "status": "Approved"}
    assert decided() == []
    found = machines["Resolve"].output({"version": event["version"], "at": at})
    assert (found["version"], found["status"]) == (version, "Approved")
    assert f"rejected.{version}" not in client(TAGS)
    assert client(HELD, revision=f"approved.{version}")["changedAt"] == found["changedAt"]
    assert [entry[1:] for entry in client(HISTORY)[:2]] == [[f"Set {version} to Approved", "So it was decided"], [f"Set {version} to Rejected", "So it was decided"]]


def test_so_is_the_same_decision_made_again(machines, webhook, decided):
    version = registered(machines, "again")

    for _ in range(2):
        machines["Approve"].output({"version": version})
        event, = wait_until(decided, "the approval is told")
        assert event["version"] == f"refs/tags/approved.{version}"


def test_so_is_one_that_a_person_makes_with_the_hubs_client(machines, client, webhook, decided):
    version = registered(machines, "by-hand")

    client("api.create_tag(repository, revision=version, tag='approved.' + version)", version=version)

    event, = wait_until(decided, "the approval is told")
    found = machines["Resolve"].output(event)
    assert (found["version"], found["status"], found["changedAt"][:19]) == (version, "Approved", event["at"][:19])

    client("api.delete_tag(repository, tag='approved.' + version)", version=version)
    assert decided() == []
    assert machines["Resolve"].output({"version": version})["status"] == "PendingManualApproval"


def test_a_tag_on_another_version_decides_nothing(machines, client):
    version, other = registered(machines, "meant"), registered(machines, "tagged")

    client("api.create_tag(repository, revision=other, tag='approved.' + version)", version=version, other=other)

    assert machines["Resolve"].failure({"version": version})[0] == "Mlops.Failed"


def test_a_decision_is_taken_back(machines, client, webhook):
    version = registered(machines, "reconsidered")
    machines["Approve"].output({"version": version})

    machines["Reconsider"].output({"version": version})

    assert f"approved.{version}" not in client(TAGS)
    assert machines["Resolve"].output({"version": version})["status"] == "PendingManualApproval"


def test_tags_are_asked_for_as_the_hubs_client_asks(machines, client, hub):
    version = registered(machines, "compared")
    machines["Reject"].output({"version": version})
    hub.exchanges.clear()
    machines["Approve"].output({"version": version})
    commit = client(TAGS)[f"approved.{version}"]
    own = len(hub.exchanges)

    client("[api.delete_tag(repository, tag='approved.' + version), api.create_tag(repository, revision=commit, tag='approved.' + version)]", version=version, commit=commit)

    def asked(exchanges) -> dict:
        return {(request.method, request.path): request.content and request.body for request, _ in exchanges if "/tag/" in request.path}

    ours, theirs = asked(hub.exchanges[:own]), asked(hub.exchanges[own:])
    # The step takes back the other decision too.
    del ours["DELETE", f"/api/models/{REPOSITORY}/tag/rejected.{version}"]
    assert ours == theirs


def test_a_commit_is_what_the_hubs_client_makes_of_the_same_file(machines, client):
    version = registered(machines, "committed")
    before = client(HISTORY)

    made = "api.upload_file(path_or_fileobj=json.dumps({'x': 1}).encode(), path_in_repo='other.json', repo_id=repository, commit_message='By hand').oid"
    oid = client(made)

    assert client(HISTORY) == [[oid, "By hand", ""], *before]
    assert machines["Resolve"].output({"version": version})["version"] == version
    assert registered(machines, "after") in client(TAGS)


def post(ingress: str, body: dict, secret: str | None) -> int:
    headers = {"content-type": "application/json", **({} if secret is None else {"x-webhook-secret": secret})}
    try:
        with urllib.request.urlopen(urllib.request.Request(ingress, json.dumps(body).encode(), headers), timeout=60) as response:
            return response.status
    except urllib.error.HTTPError as error:
        return error.code


def update(ref: str, repository: str = REPOSITORY, scope: str = "repo.content") -> dict:
    return {"event": {"action": "update", "scope": scope}, "repo": {"type": "model", "name": repository}, "updatedRefs": [{"ref": ref, "oldSha": None, "newSha": "1" * 40}]}


def test_nothing_is_told_without_the_secret_or_of_anything_else(ingress, decided):
    approval = update("refs/tags/approved.forged")

    assert [post(ingress, approval, secret) for secret in (None, "", "another")] == [401, 401, 401]
    others = [update("refs/heads/approved.x"), update("refs/tags/rejected.x"), update("refs/tags/v1"), update("refs/tags/approved.x", "acme/other"), update("refs/tags/approved.x", scope="repo.config")]
    assert [post(ingress, body, WEBHOOKS) for body in others] == [202] * 5
    assert decided(2) == []
    assert [post(ingress, approval, WEBHOOKS) for _ in range(2)] == [202, 200]
    assert [event["version"] for event in decided(5)] == ["refs/tags/approved.forged"]


@pytest.fixture(scope="module")
def loop(target, hub, tmp_path_factory) -> dict:
    """The outputs of the full stack, of which one block is another, after a training; and the version that this has registered."""
    target.client("secretsmanager").create_secret(Name="hub/loop", SecretString=json.dumps({"token": TOKEN, "webhooks": WEBHOOKS}))
    block = {"provider": "hugging-face", "url": hub.url, "repository": REPOSITORY, "secret": "hub/loop", "field": "token", "webhookSecret": "hub/loop", "webhookField": "webhooks"}
    file = tmp_path_factory.mktemp("loop") / "mlops.yaml"
    file.write_text(f"name: mlops\nregistry: {json.dumps(block)}\nendpoint: {{ provider: sagemaker, bakeMinutes: 0 }}\n")
    code, report = target.up("--config", str(file))
    assert code == 0, report
    return {**target.outputs("mlops"), "version": report["modelVersion"]["version"]}


def test_the_loop_goes_from_a_training_by_a_tag_on_the_hub_to_a_deployment(target, on_loopback, client, loop):
    url, = (value for name, value in loop.items() if name.startswith("ModelRegistryWebhookUrl"))
    subscribe(client, on_loopback(url))
    version = loop["version"]
    assert client(HELD, revision=version)["modelUri"].startswith(f"{loop['ArtifactStoreUri']}/training/")
    known = executions.arns(target.settings, loop["DeploymentArn"])

    client("api.create_tag(repository, revision=version, tag='approved.' + version)", version=version)

    deployment = executions.await_new(target.settings, loop["DeploymentArn"], known, f"refs/tags/approved.{version}", 60)
    deployed = executions.Execution(target.settings, deployment, print).wait()
    assert (deployed["status"], deployed["version"]) == ("Deployed", version)
