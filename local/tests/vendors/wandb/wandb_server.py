"""Stands in for Weights & Biases: `wandb_server.py <port> <port of the storage> <address that the storage is reached at>`.

Its schema is what the documents and input types of the vendor's client show, and holds whoever asks; its storage, on another address, takes a file
only as it was announced, and no credential.
"""

import base64
import hashlib
import hmac
import json
import re
import sys
import threading
import urllib.request
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from graphql import GraphQLError, build_schema, graphql_sync

KEY = "0123456789abcdef0123456789abcdef01234567"
# The secrets of the team, by the names that webhooks have for them.
SECRETS = {"MLOPS": "webhooks-of-the-test"}
PORT, STORAGE_PORT, STORAGE = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
ORGANIZATION = "acme-org"
FEATURES = ["AUTOMATION_EVENT_ADD_ARTIFACT_TAG"]
LOCK = threading.RLock()

numbers = count(1)
projects: dict[str, dict] = {}
runs: dict[str, dict] = {}
artifacts: dict[str, dict] = {}
webhooks: dict[str, dict] = {}
triggers: list[dict] = []
announced: dict[str, dict] = {}
stored: dict[str, bytes] = {}


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def identity(kind: str) -> str:
    return base64.b64encode(f"{kind}:{next(numbers)}".encode()).decode()


def json_text(value: object) -> object:
    json.loads(value)
    return value


SCHEMA = build_schema((Path(__file__).parent / "schema.graphql").read_text())
SCHEMA.type_map["JSONString"].parse_value = json_text


def project(entity: str, name: str, make: bool = False) -> dict | None:
    path = f"{entity}/{name}"
    if path not in projects and make:
        projects[path] = {
            "id": identity("Project"), "internalId": identity("ProjectInternalId"), "name": name, "entity": {"id": identity("Entity"), "name": entity}, "collections": {},
            "__typename": "Project", "bucket": lambda _, name, missingOk=False: runs.get(f"{path}/{name}"),
            "artifactType": lambda _, name: {"name": name, "artifactCollection": lambda _, name: projects[path]["collections"].get(name)},
            "artifact": lambda _, name: (membership(projects[path], name) or {}).get("artifact"), "artifactCollectionMembership": lambda _, name: membership(projects[path], name),
        }  # fmt: skip
    return projects.get(path)


def versions(collection: dict) -> list[dict]:
    return [artifact for artifact in artifacts.values() if artifact["artifactSequence"] is collection]


def membership(of: dict, name: str) -> dict | None:
    collection, _, alias = name.rpartition(":")
    within = of["collections"].get(collection, {})
    known = [(index, artifact, ()) for index, artifact in enumerate(within["links"])] if "links" in within else [(artifact["versionIndex"], artifact, artifact["named"]) for artifact in versions(within) if artifact["state"] == "COMMITTED"]
    found = [(index, artifact) for index, artifact, named in known if alias in (f"v{index}", *named)]
    return {"id": identity("Membership"), "versionIndex": found[0][0], "createdAt": found[0][1]["createdAt"], "aliases": [], "artifactCollection": within, "artifact": found[0][1]} if found else None


def upsert_run(_, _info, input: dict) -> dict:
    if not {"entityName", "modelName", "name"} <= set(input):
        raise GraphQLError("a run needs a name, a project and an entity")
    of = project(input["entityName"], input["modelName"], make=True)
    path = f"{input['entityName']}/{input['modelName']}/{input['name']}"
    inserted = path not in runs
    run = runs.setdefault(path, {"id": identity("Run"), "name": input["name"], "project": of, "historyLineCount": 0})
    run.update({key: input[key] for key in ("displayName", "jobType", "state", "summaryMetrics", "config") if input.get(key) is not None})
    return {"bucket": run, "inserted": inserted}


def create_artifact(_, _info, input: dict) -> dict:
    of = project(input["entityName"], input["projectName"])
    if not of:
        raise GraphQLError(f"project {input['projectName']} not found")
    if input.get("runName") and f"{input['entityName']}/{input['projectName']}/{input['runName']}" not in runs:
        raise GraphQLError(f"run {input['runName']} not found")
    name, = {input.get("artifactCollectionName"), *(input.get("artifactCollectionNames") or [])} - {None}
    kind = {"name": input["artifactTypeName"]}
    collection = of["collections"].setdefault(name, {"__typename": "ArtifactSequence", "id": identity("ArtifactCollection"), "name": name, "createdAt": now(), "project": of, "defaultArtifactType": kind, "tags": {"edges": []}, "digestAlgorithm": input["digestAlgorithm"]})  # fmt: skip
    collection["latestArtifact"] = next(iter([one for one in versions(collection) if one["state"] == "COMMITTED"][-1:]), None)
    if input.get("enableDigestDeduplication") and (same := [one for one in versions(collection) if (one["digest"], one["state"]) == (input["digest"], "COMMITTED")]):
        return {"artifact": same[0]}
    made = {"id": identity("Artifact"), "artifactSequence": collection, "artifactType": kind, "state": "PENDING", "versionIndex": None, "ttlDurationSeconds": -1, "ttlIsInherited": True, "size": 0, "fileCount": 1, "tags": [], "aliases": [],
            "named": [alias["alias"] for alias in input.get("aliases") or []], "createdAt": now(), "manifest": None, "run": input.get("runName"),
            **{key: input.get(key) for key in ("digest", "digestAlgorithm", "description", "metadata")}}  # fmt: skip
    artifacts[made["id"]] = made
    return {"artifact": made}


def artifact_of(id: str) -> dict:
    if id not in artifacts:
        raise GraphQLError(f"artifact {id} not found")
    return artifacts[id]


def create_manifest(_, _info, input: dict) -> dict:
    artifact = artifact_of(input["artifactID"])
    if f"{input['entityName']}/{input['projectName']}/{input['runName']}" not in runs:
        raise GraphQLError(f"run {input['runName']} not found")
    path = f"/manifests/{artifact['id']}/{next(numbers)}"
    announced[path] = {"Content-Type": "application/json", **({"Content-MD5": input["digest"]} if input["digest"] else {})}
    artifact["manifest"] = path
    url = f"{STORAGE}{path}"
    return {"artifactManifest": {"id": identity("ArtifactManifest"), "file": {"id": identity("File"), "uploadUrl": f"{url}?signature=put", "uploadHeaders": [f"{name}:{value}" for name, value in announced[path].items()]}}}


def commit(_, _info, input: dict) -> dict:
    artifact = artifact_of(input["artifactID"])
    if artifact["manifest"] not in stored:
        raise GraphQLError(f"artifact {artifact['id']} has no manifest")
    contents = json.loads(stored[artifact["manifest"]])["contents"]
    digest = hashlib.md5(b"wandb-artifact-manifest-v1\n" + b"".join(f"{path}:{entry['digest']}\n".encode() for path, entry in sorted(contents.items())), usedforsecurity=False).hexdigest()
    if digest != artifact["digest"]:
        raise GraphQLError(f"artifact {artifact['id']} has the digest {artifact['digest']}, its manifest {digest}")
    known = [one for one in versions(artifact["artifactSequence"]) if one["state"] == "COMMITTED"]
    for other in known:
        other["named"] = [alias for alias in other["named"] if alias not in artifact["named"]]
    url = f"{STORAGE}{artifact['manifest']}?signature=get"
    artifact.update(state="COMMITTED", versionIndex=len(known), currentManifest={"id": identity("ArtifactManifest"), "file": {"id": identity("File"), "directUrl": url}})
    return {"artifact": artifact}


def update(_, _info, input: dict) -> dict:
    artifact = artifact_of(input["artifactID"])
    before = {tag["name"] for tag in artifact["tags"]}
    added, removed = ({tag["tagName"] for tag in input.get(key) or []} for key in ("tagsToAdd", "tagsToDelete"))
    if added & before or removed - before:
        raise GraphQLError(f"tags to add {added} or to delete {removed} of a version that has {before}")
    artifact.update({key: input[key] for key in ("description", "metadata") if key in input}, tags=[{"__typename": "Tag", "id": identity("Tag"), "name": name} for name in sorted(before - removed | added)])
    for tag in added:
        for trigger in triggers:
            if trigger["input"]["scopeID"] == artifact["artifactSequence"]["id"] and holds(json.loads(trigger["input"]["eventFilter"]), tag):
                threading.Thread(target=tell, args=(trigger, rendered(trigger, artifact))).start()
    return {"artifact": artifact}


def link(_, _info, input: dict) -> dict:
    artifact = artifact_of(input["artifactID"])
    if artifact["state"] != "COMMITTED":
        raise GraphQLError(f"artifact {artifact['id']} is not committed")
    if (input["entityName"], input["projectName"]) != (ORGANIZATION, "wandb-registry-model"):
        raise GraphQLError(f"registry {input['entityName']}/{input['projectName']} not found")
    of, name = project(ORGANIZATION, input["projectName"], make=True), input["artifactPortfolioName"]
    portfolio = of["collections"].setdefault(name, {"__typename": "ArtifactPortfolio", "id": identity("ArtifactCollection"), "name": name, "createdAt": now(), "project": of, "defaultArtifactType": artifact["artifactType"], "tags": {"edges": []}, "links": []})  # fmt: skip
    if artifact not in portfolio["links"]:
        portfolio["links"].append(artifact)
    index = portfolio["links"].index(artifact)
    return {"versionIndex": index, "artifactMembership": membership(of, f"{name}:v{index}")}


def holds(condition: dict, tag: str) -> bool:
    (name, value), = condition.items()
    if name in ("$or", "$and"):
        return {"$or": any, "$and": all}[name](holds(inner, tag) for inner in value)
    if name == "filter":
        return holds(json.loads(value) if isinstance(value, str) else value, tag)
    if name != "tag" or list(value) != ["$eq"]:
        raise GraphQLError(f"a filter must be of a tag, got {condition}")
    return value["$eq"] == tag


def rendered(trigger: dict, artifact: dict) -> bytes:
    variables = {"artifact_version": f"wandb-artifact://_id/{artifact['id']}", **{f"artifact_metadata.{key}": value for key, value in json.loads(artifact["metadata"]).items()}}
    return re.sub(r"\$\{([\w.]+)\}", lambda found: str(variables[found[1]]), trigger["action"]["requestPayload"]).encode()


def tell(trigger: dict, body: bytes) -> None:
    webhook = trigger["action"]["integration"]
    headers = {"content-type": "application/json", "x-wandb-signature": hmac.new(SECRETS[webhook["secretRef"]].encode(), body, hashlib.sha256).hexdigest()}
    urllib.request.urlopen(urllib.request.Request(webhook["urlEndpoint"], body, headers), timeout=60).close()


def create_webhook(_, _info, input: dict) -> dict:
    made = {"__typename": "GenericWebhookIntegration", "id": identity("Integration"), **input}
    webhooks[made["id"]] = made
    return {"integration": made}


def create_trigger(_, _info, input: dict) -> dict:
    scope, = [one for of in projects.values() for one in of["collections"].values() if one["id"] == input["scopeID"]]
    given = input["triggeredActionConfig"]["genericWebhookActionInput"]
    json.loads(given["requestPayload"])
    holds(json.loads(input["eventFilter"]), "")
    action = {"__typename": "GenericWebhookTriggeredAction", "integration": webhooks[given["integrationID"]], "requestPayload": given["requestPayload"]}
    condition = {"__typename": "FilterEventTriggeringCondition", "eventType": input["triggeringEventType"], "filter": input["eventFilter"]}
    triggers.append({"input": input, "action": action})
    return {"trigger": {"id": identity("Trigger"), "createdAt": now(), "updatedAt": now(), **{key: input.get(key) for key in ("name", "description", "enabled")}, "scope": scope, "triggeringCondition": condition, "triggeredAction": action}}


def files(_, _info, input: dict) -> dict:
    return {"runID": identity("Run"), "uploadHeaders": [], "files": [{"name": name, "uploadUrl": f"{STORAGE}/runs/{next(numbers)}?signature=put"} for name in input["files"]]}


VIEWER = {"id": identity("User"), "username": "ml", "name": "ml", "entity": "acme", "email": "ml@acme.dev", "admin": False, "flags": "{}", "teams": {"edges": []}, "apiKeys": {"edges": []}}
ROOT = {
    "viewer": VIEWER, "serverInfo": {"features": [{"name": name, "isEnabled": True} for name in FEATURES]},
    "entity": lambda _, name: {"id": identity("Entity"), "name": name, "xxhashDigestsEnabled": False, "organization": {"name": "Acme Org", "orgEntity": {"id": identity("Entity"), "name": ORGANIZATION}}, "integrations": lambda _, **_page: {"pageInfo": {"hasNextPage": False}, "edges": [{"node": one} for one in webhooks.values()]}},
    "project": lambda _, name, entityName: project(entityName, name), "model": lambda _, name, entityName: project(entityName, name), "artifact": lambda _, id: artifacts.get(id),
    "upsertBucket": upsert_run, "createArtifact": create_artifact, "createArtifactManifest": create_manifest, "commitArtifact": commit, "updateArtifact": update, "linkArtifact": link, "createRunFiles": files,
    "createGenericWebhookIntegration": create_webhook, "createFilterTrigger": create_trigger,
}  # fmt: skip


def resolve(source: object, info, **arguments: object) -> object:
    """A field of a dict; what can be called takes the arguments."""
    value = (ROOT if source is None else source).get(info.field_name)
    if not callable(value):
        return value
    return value(source, info, **arguments) if source is None and info.parent_type.name == "Mutation" else value(source, **arguments)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status: int, content: bytes, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def content(self) -> bytes:
        return self.rfile.read(int(self.headers.get("content-length") or 0))

    def log_message(self, *_: object) -> None:
        pass


class Api(Handler):
    def do_GET(self) -> None:
        self.answer(*((200, b"ok", "text/plain") if self.path == "/healthz" else (404, b"not found", "text/plain")))

    def do_POST(self) -> None:
        content = self.content()
        if self.headers.get("authorization") != f"Basic {base64.b64encode(f'api:{KEY}'.encode()).decode()}":
            return self.answer(401, b'{"errors": [{"message": "invalid API key"}]}')
        if not self.path.startswith("/graphql"):
            return self.answer(200, b"{}")
        asked = json.loads(content)
        with LOCK:
            result = graphql_sync(SCHEMA, asked["query"], None, variable_values=asked.get("variables"), operation_name=asked.get("operationName") or None, field_resolver=resolve)
        if result.errors:
            print([str(error) for error in result.errors], asked["query"][:200], flush=True)
        # A document that is none of the schema's is a bad request; what the schema allows and W&B refuses is answered 200.
        return self.answer(200 if result.data is not None else 400, json.dumps(result.formatted).encode())


class Storage(Handler):
    def do_PUT(self) -> None:
        content, parts = self.content(), urlsplit(self.path)
        expected = announced.get(parts.path, {})
        wrong = [name for name, value in expected.items() if self.headers.get(name) != value]
        digest = base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()
        if parse_qs(parts.query) != {"signature": ["put"]} or self.headers.get("authorization") or wrong or expected.get("Content-MD5", digest) != digest:
            return self.answer(403, b"<Error><Code>SignatureDoesNotMatch</Code></Error>", "application/xml")
        stored[parts.path] = content
        return self.answer(200, b"")

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        self.answer(*((200, stored[parts.path]) if parse_qs(parts.query) == {"signature": ["get"]} and parts.path in stored else (404, b"")))


threading.Thread(target=ThreadingHTTPServer(("127.0.0.1", STORAGE_PORT), Storage).serve_forever, daemon=True).start()
ThreadingHTTPServer(("127.0.0.1", PORT), Api).serve_forever()
