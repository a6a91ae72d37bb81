"""WandbModelRegistry with W&B's own client: what the steps write, it reads, and what it writes, the steps read; W&B itself is a stand-in."""

import base64
import hashlib
import hmac
import json
import re
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from e2e.driver import free_port, wait_until
from vendors.sdks.recorder import Recorder, Request, hand_on, recorder
from vendors.server import Server, environment_of, process, version_of

from mlops_local.cli import executions

HERE = Path(__file__).parent
COLLECTION, KEY, WEBHOOKS = "acme/models/fraud", "0123456789abcdef0123456789abcdef01234567", "webhooks-of-the-test"
MODEL = {"modelUri": "s3://vendors/ml/a ü/model.tar.gz", "metrics": {"accuracy": 0.97, "größe": 0.1}}

pytestmark = [pytest.mark.proves("model registry", "wandb", "wandb", grade="sdk")]


@pytest.fixture(scope="module")
def python(versions):
    environment = environment_of("wandb")
    versions["wandb"] = version_of(environment, "wandb")
    return environment


@pytest.fixture(scope="module")
def vendor(python, tmp_path_factory) -> Iterator[tuple[Recorder, Recorder]]:
    """What W&B is asked, and what its storage."""
    folder, (port, storage_port) = tmp_path_factory.mktemp("wandb"), (free_port(), free_port())
    server = Server(f"http://127.0.0.1:{port}")
    with recorder(hand_on(f"http://127.0.0.1:{storage_port}")) as storage:
        with process([python.tool("python"), str(HERE / "wandb_server.py"), str(port), str(storage_port), storage.url], folder, {"HOME": str(folder)}) as started:
            server.wait("/healthz", started)
            with recorder(hand_on(server.url)) as api:
                yield api, storage


@pytest.fixture(scope="module")
def machines(vendor, deploy):
    return deploy(HERE / "app.ts", vendor[0].url)


@pytest.fixture(scope="module")
def client(bound, machines, python, tmp_path_factory) -> Callable[..., object]:
    """Runs Python with W&B's own client, which has nothing but what the stack publishes of its registry; returns `answer`."""
    home = tmp_path_factory.mktemp("client")
    quiet = {"WANDB_SILENT": "true", "WANDB_CONSOLE": "off", "WANDB_ERROR_REPORTING": "false", "WANDB_DISABLE_GIT": "true", "WANDB_X_DISABLE_STATS": "true", "WANDB_X_DISABLE_META": "true"}
    variables = {"HOME": str(home), **quiet, **bound("wandb/model-registry")}

    def client(program: str, **given: object) -> object:
        named = "".join(f"{name} = {value!r}\n" for name, value in given.items())
        whole = f"import json, os, wandb\napi, collection = wandb.Api(), os.environ['MLOPS_MODEL_REGISTRY']\n{named}{program}\nprint(json.dumps(answer))"
        ended = subprocess.run([python.tool("python"), "-c", whole], cwd=home, env=variables, capture_output=True, text=True, check=False, timeout=240)
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout.splitlines()[-1])

    return client


@pytest.fixture(scope="module")
def ingress(target, on_loopback, machines) -> str:
    return on_loopback(target.outputs("wandb")["WebhookUrl"])


# In the team's settings, with what the client has for it.
WEBHOOK = """
from wandb.automations._generated import CREATE_GENERIC_WEBHOOK_INTEGRATION_GQL
given = {"entityName": "acme", "name": name, "urlEndpoint": webhook_url, "secretRef": "MLOPS"}
answer = api._service_api.execute_graphql(CREATE_GENERIC_WEBHOOK_INTEGRATION_GQL, variables={"input": given}) and None
"""

# What the README has.
AUTOMATION = """
from wandb.automations import ArtifactEvent, OnAddArtifactTag, SendWebhook
webhook = next(it for it in api.webhook_integrations(entity="acme") if it.url_endpoint == webhook_url)
event = OnAddArtifactTag(scope=api.artifact_collection("model", collection), filter=ArtifactEvent.tag.eq("approved"))
payload = {"collection": collection, "status": "Approved", "version": "${artifact_version}", "changedAt": "${artifact_metadata.changedAt}"}
answer = api.create_automation(event >> SendWebhook.from_integration(webhook, payload=payload), name="approved").enabled
"""

READ = """
artifact = api.artifact(f"{collection}:{version}")
answer = {"type": artifact.type, "description": artifact.description, "metadata": artifact.metadata, "tags": artifact.tags, "model": artifact.get_entry("model").ref_target(),
          "whole": artifact.manifest.digest() == artifact.digest, "id": artifact.id}
"""

TAG = """
artifact = api.artifact(f"{collection}:{version}")
artifact.tags = tags
answer = artifact.save()
"""

LOG = """
entity, project, name = collection.split("/")
with wandb.init(entity=entity, project=project, id="by-hand", name="by hand", job_type="register") as run:
    artifact = wandb.Artifact(name, type="model", description=description, metadata=metadata)
    artifact.add_reference(uri, name="model", checksum=False)
    answer = run.log_artifact(artifact).wait().version
"""


LINKED = """
linked = api.artifact(f"wandb-registry-model/{collection.split('/')[2]}:{version}")
answer = {"from": f"{linked.source_entity}/{linked.source_project}/{linked.source_name}", "registry": linked.project, "organization": linked.entity, "id": linked.id}
"""

LINK = """
artifact = api.artifact(f"{collection}:{version}")
answer = artifact.link("wandb-registry-model/" + collection.split("/")[2]).name
"""


@pytest.fixture(scope="module")
def webhook(client, machines, ingress) -> None:
    registered(machines, "first")
    subscribe(client, ingress, "mlops")


def subscribe(client, url: str, name: str) -> None:
    """What a user does once."""
    client(WEBHOOK, webhook_url=url, name=name)
    assert client(AUTOMATION, webhook_url=url) is True


def registered(machines, run: str) -> str:
    return machines["Register"].output({"runId": run, **MODEL})["version"]


def approval(decided: Callable[..., list[dict]]) -> dict:
    event, = wait_until(decided, "the approval is told")
    return event


def test_a_version_is_registered_once_a_run(machines, vendor):
    first = machines["Register"].output({"runId": "monday", **MODEL})
    uploads = len(vendor[1].at("/manifests/"))
    again = machines["Register"].output({"runId": "monday", **MODEL})
    other = machines["Register"].output({"runId": "tuesday", **MODEL})

    assert first == again
    assert (first["status"], first["version"] != other["version"]) == ("PendingManualApproval", True)
    assert len(vendor[1].at("/manifests/")) == uploads + 1


def test_wandbs_client_reads_what_was_registered(machines, client):
    read = client(READ, version=registered(machines, "held"))

    assert read["metadata"].pop("changedAt").endswith("Z")
    del read["id"]
    assert read == {
        "type": "model", "description": "Nightly, für alle", "tags": [], "model": MODEL["modelUri"], "whole": True,
        "metadata": {"modelUri": MODEL["modelUri"], "image": "acme/image", "metrics": MODEL["metrics"], "runId": "held", "status": "PendingManualApproval"},
    }  # fmt: skip


def test_a_version_is_looked_up_by_its_name_and_by_its_id(machines, client):
    version = registered(machines, "looked-up")
    read = client(READ, version=version)
    expected = {"version": version, "modelUri": MODEL["modelUri"], "image": "acme/image", "status": "PendingManualApproval", "changedAt": read["metadata"]["changedAt"]}

    assert machines["Resolve"].output({"version": version}) == expected
    assert machines["Resolve"].output({"version": f"wandb-artifact://_id/{read['id']}"}) == expected


def test_what_is_not_there_and_who_is_not_known(machines):
    registered(machines, "there")

    error, cause = machines["Resolve"].failure({"version": "v4711"})
    assert (error, cause.startswith(f"Resolve: {COLLECTION} has no version v4711 that was registered")) == ("Mlops.Failed", True)
    assert machines["Refused"].failure(MODEL)[0] == "Mlops.Unauthorized"


OPERATIONS = ("upsertBucket", "createArtifact", "createArtifactManifest", "commitArtifact")


def asked(requests: list[Request]) -> dict[str, dict]:
    """The fields that were asked of each operation, in one call or, of a run, in several; under the names that an operation has for them."""
    fields: dict[str, dict] = {operation: {} for operation in OPERATIONS}
    for call in [request.body for request in requests if request.path.startswith("/graphql")]:
        for operation in [operation for operation in OPERATIONS if f"{operation}(input" in call["query"]]:
            given = call["variables"].get("input") or {field: call["variables"].get(name) for field, name in re.findall(r"(\w+): ?\$(\w+)", call["query"].split("input: {")[1].split("}")[0])}
            fields[operation].update({field: value for field, value in given.items() if value is not None})
    return fields


def test_a_version_is_asked_for_as_wandbs_client_asks(machines, client, vendor):
    api, storage = vendor
    api.exchanges.clear()
    storage.exchanges.clear()
    registered(machines, "compared")
    ours, (put,) = asked(api.requests), storage.requests
    api.exchanges.clear()
    metadata = json.loads(ours["createArtifact"].pop("metadata"))

    client(LOG, uri=MODEL["modelUri"], description="Nightly, für alle", metadata=metadata)

    theirs, (their_put,) = asked(api.requests), storage.at("/manifests/")[1:]
    assert all(ours.values()) and all(theirs.values())
    assert json.loads(theirs["createArtifact"]["metadata"]) == metadata
    # The ids of the version and of its run are one's own, and so is the digest, which has to know the run.
    own = {"name", "runName", "displayName", "state", "summaryMetrics", "digest", "artifactID"}
    for operation in OPERATIONS:
        common = set(ours[operation]) - (own if operation != "createArtifactManifest" else own - {"name"})
        assert {field: ours[operation][field] for field in common} == {field: theirs[operation].get(field) for field in common}
        assert common or operation == "commitArtifact"
    manifest, their_manifest = put.body, their_put.body
    manifest["contents"]["model"].pop("digest")
    their_manifest["contents"]["model"].pop("digest")
    # How the client keeps its own cache.
    assert their_manifest["contents"]["model"].pop("skip_cache") is False
    assert manifest == their_manifest
    assert [put.headers.get(name) for name in ("content-type", "authorization")] == [their_put.headers.get(name) for name in ("content-type", "authorization")] == ["application/json", None]


def test_a_decision_is_told_by_wandbs_webhook(machines, client, webhook, decided):
    version = registered(machines, "approved")

    machines["Reject"].output({"version": version})
    assert machines["Approve"].output({"version": version}) == {"version": version, "status": "Approved"}

    event = approval(decided)
    read = client(READ, version=version)
    assert {name: event[name] for name in ("version", "status")} == {"version": f"wandb-artifact://_id/{read['id']}", "status": "Approved"}
    assert decided() == []
    found = machines["Resolve"].output({"version": event["version"], "at": event["at"]})
    assert (found["version"], found["status"], found["changedAt"]) == (version, "Approved", read["metadata"]["changedAt"])
    assert (read["tags"], read["metadata"]["status"], read["metadata"]["reason"]) == (["approved"], "Approved", "So it was decided")


def test_so_is_the_same_decision_made_again(machines, webhook, decided):
    version = registered(machines, "again")
    machines["Approve"].output({"version": version})
    first = approval(decided)

    machines["Reconsider"].output({"version": version})
    machines["Approve"].output({"version": version})

    assert approval(decided)["version"] == first["version"]


def test_so_is_one_that_a_person_makes_with_wandbs_client(machines, client, webhook, decided):
    version = registered(machines, "by-hand")

    client(TAG, version=version, tags=["approved", "nightly"])

    event = approval(decided)
    found = machines["Resolve"].output(event)
    assert (found["version"], found["status"], found["changedAt"][:19]) == (version, "Approved", event["at"][:19])

    client(TAG, version=version, tags=["nightly"])
    assert decided() == []
    assert machines["Resolve"].output({"version": version})["status"] == "PendingManualApproval"


def test_a_decision_is_taken_back(machines, client, webhook, decided):
    version = registered(machines, "reconsidered")
    machines["Approve"].output({"version": version})
    approval(decided)

    machines["Reconsider"].output({"version": version})

    assert client(READ, version=version)["tags"] == []
    assert machines["Resolve"].output({"version": version})["status"] == "PendingManualApproval"


def test_a_version_is_linked_to_the_registry_once_as_wandbs_client_links(machines, client, vendor):
    version = registered(machines, "linked")
    registered(machines, "linked")
    api, _ = vendor
    ours = [request.body["variables"]["input"] for request in api.at("/graphql") if "linkArtifact(input" in request.body["query"]][-1]
    api.exchanges.clear()

    name = client(LINK, version=version)

    theirs, = [request.body["variables"]["input"] for request in api.at("/graphql") if "linkArtifact(input" in request.body["query"]]
    assert ours == {field: value for field, value in theirs.items() if value is not None}
    linked = client(LINKED, version=name.split(":")[1])
    assert linked == {"from": f"{COLLECTION}:{version}", "registry": "wandb-registry-model", "organization": "acme-org", "id": client(READ, version=version)["id"]}


def post(ingress: str, body: dict, secret: str | None, encode: Callable[[bytes], str] = bytes.hex) -> int:
    content = json.dumps(body).encode()
    signature = {} if secret is None else {"x-wandb-signature": encode(hmac.new(secret.encode(), content, hashlib.sha256).digest())}
    try:
        with urllib.request.urlopen(urllib.request.Request(ingress, content, {"content-type": "application/json", **signature}), timeout=60) as response:
            return response.status
    except urllib.error.HTTPError as error:
        return error.code


def test_nothing_is_told_without_the_signature_or_of_anything_else(ingress, decided):
    forged = {"collection": COLLECTION, "status": "Approved", "version": "wandb-artifact://_id/forged"}

    assert [post(ingress, forged, secret) for secret in (None, "", "another")] == [401, 401, 401]
    others = [forged | {"collection": "acme/models/other"}, forged | {"status": "Rejected"}, forged | {"version": "v1"}]
    assert [post(ingress, body, WEBHOOKS) for body in others] == [202] * 3
    assert decided(2) == []
    # W&B's documentation has the signature in hexadecimal in one place and in base64 in another.
    assert [post(ingress, forged, WEBHOOKS, lambda mac: base64.b64encode(mac).decode()), post(ingress, forged, WEBHOOKS)] == [202, 200]
    assert [event["version"] for event in decided(5)] == ["wandb-artifact://_id/forged"]


@pytest.fixture(scope="module")
def loop(target, vendor, tmp_path_factory) -> dict:
    """The outputs of the full stack, of which one block is another, after a training; and the version that this has registered."""
    target.client("secretsmanager").create_secret(Name="wandb/loop", SecretString=json.dumps({"key": KEY, "webhooks": WEBHOOKS}))
    block = {"provider": "wandb", "url": vendor[0].url, "collection": COLLECTION, "secret": "wandb/loop", "field": "key", "webhookSecret": "wandb/loop", "webhookField": "webhooks"}
    file = tmp_path_factory.mktemp("loop") / "mlops.yaml"
    file.write_text(f"name: mlops\nregistry: {json.dumps(block)}\nendpoint: {{ provider: sagemaker, bakeMinutes: 0 }}\n")
    code, report = target.up("--config", str(file))
    assert code == 0, report
    return {**target.outputs("mlops"), "version": report["modelVersion"]["version"]}


def test_the_loop_goes_from_a_training_by_a_tag_in_wandb_to_a_deployment(target, on_loopback, client, loop):
    url, = (value for name, value in loop.items() if name.startswith("ModelRegistryWebhookUrl"))
    subscribe(client, on_loopback(url), "loop")
    version = loop["version"]
    read = client(READ, version=version)
    assert read["model"].startswith(f"{loop['ArtifactStoreUri']}/training/")
    known = executions.arns(target.settings, loop["DeploymentArn"])

    client(TAG, version=version, tags=["approved"])

    deployment = executions.await_new(target.settings, loop["DeploymentArn"], known, f"wandb-artifact://_id/{read['id']}", 60)
    deployed = executions.Execution(target.settings, deployment, print).wait()
    assert (deployed["status"], deployed["version"]) == ("Deployed", version)
