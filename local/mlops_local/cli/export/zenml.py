"""Registers a deployed stack with a ZenML server: its artifact store, its trackers, and for the rest their environment."""

import os
from collections.abc import Callable
from urllib.parse import urlencode

import urllib3

from mlops_local.cli.export import merged
from mlops_local.cli.failure import Failure
from mlops_local.cli.published import Published, SecretUnreadable

# What runs ZenML's pipelines is ZenML's own, and comes from its default stack.
_ZENMLS_OWN = {"orchestrator", "model-trainer"}
_http = urllib3.PoolManager(timeout=urllib3.Timeout(total=60), retries=False)
Take = Callable[[str], str | None]


def _mlflow(take: Take) -> dict | None:
    """ZenML's MLflow tracker knows one way to log in; an open server, or one behind SigV4, is reached by its environment."""
    ways = ({"tracking_token": take("MLFLOW_TRACKING_TOKEN")},
            {"tracking_username": take("MLFLOW_TRACKING_USERNAME"), "tracking_password": take("MLFLOW_TRACKING_PASSWORD")})  # fmt: skip
    way = next((way for way in ways if all(way.values())), None)
    return way and {"tracking_uri": take("MLFLOW_TRACKING_URI"), **way}


def _wandb(take: Take) -> dict:
    return {"api_key": take("WANDB_API_KEY"), "entity": take("WANDB_ENTITY"), "project_name": take("WANDB_PROJECT")}


# Component and provider: ZenML's type and flavor, and the flavor's configuration from the binding's names.
_FLAVORS: dict[tuple[str, str], tuple[str, str, Callable[[Take], dict | None]]] = {
    ("artifact-store", "s3"): ("artifact_store", "s3", lambda take: {"path": f"{take('MLOPS_ARTIFACT_STORE')}/zenml"}),
    ("experiment-tracker", "mlflow"): ("experiment_tracker", "mlflow", _mlflow),
    ("experiment-tracker", "wandb"): ("experiment_tracker", "wandb", _wandb),
}


def export(published: Published, stack: str) -> None:
    """Registers what is new and updates the rest, and says what stands there now."""
    server = _Server(_given("ZENML_STORE_URL"), _given("ZENML_STORE_API_KEY"))
    components = {name: binding for name, binding in published.bindings[stack].items() if name not in _ZENMLS_OWN}
    if components.get("artifact-store", {}).get("provider") != "s3":
        raise Failure("export", "NoArtifactStore", f"the stack '{stack}' must publish an artifact store of S3's, which ZenML keeps its artifacts in")
    environment = merged.variables(components)
    base = server.one("/stacks", {"name": "default", "hydrate": "true"})
    chosen = {kind: [found["id"] for found in kept] for kind, kept in base["metadata"]["components"].items()}
    secrets = []
    print(f"{stack}, in {published.where}, at {server.url}")
    for component, binding in components.items():
        name = f"{stack}-{component}"
        held = _values(published, binding)
        if held:
            secrets.append(server.put("/secrets", {"name": name}, {"name": name, "values": held}))
        kind, flavor, configure = _FLAVORS.get((component, binding["provider"]), (None, None, lambda take: None))
        configuration = configure(lambda key, binding=binding, name=name: f"{{{{{name}.{key}}}}}" if key in binding["secrets"] else binding["variables"].get(key))
        if configuration:
            given = {key: value for key, value in configuration.items() if value is not None}
            chosen[kind] = [server.put("/components", {"name": name, "type": kind}, {"name": name, "type": kind, "flavor": flavor, "configuration": given})]
        print(f"  {component:<20} {binding['provider']:<18} {f'{flavor} {kind}' if configuration else 'environment'}")
    known = server.find("/stacks", {"name": stack})
    linked = {"add_secrets" if known else "secrets": secrets}
    server.put("/stacks", {"name": stack}, {"name": stack, "components": chosen, "environment": environment, **linked})
    print(f"then: zenml stack set {stack}")


def _values(published: Published, binding: dict) -> dict[str, str]:
    values = {}
    for name, reference in binding["secrets"].items():
        try:
            values[name] = published.secret(reference)
        except SecretUnreadable as unreadable:
            raise Failure("export", "Secret", unreadable.of(name)) from None
    return values


def _given(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise Failure("export", "NoServer", f"'{name}' must be in the environment: ZENML_STORE_URL is the server, ZENML_STORE_API_KEY the key of a service account")
    return value


class _Server:
    """A ZenML server, over its REST API."""

    def __init__(self, url: str, key: str) -> None:
        self.url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {key}", "Accept": "application/json"}

    def find(self, path: str, query: dict) -> dict | None:
        page = self._ask("GET", f"{path}?{urlencode(query)}")
        if not isinstance(page, dict) or "items" not in page:
            raise Failure("export", "NoZenml", f"{self.url} is no ZenML server that speaks this API: correct ZENML_STORE_URL")
        return next(iter(page["items"]), None)

    def one(self, path: str, query: dict) -> dict:
        found = self.find(path, query)
        if found is None:
            raise Failure("export", "NoDefaultStack", f"{self.url} has no stack '{query['name']}', whose orchestrator the exported stack takes")
        return found

    def put(self, path: str, query: dict, body: dict) -> str:
        """The id of what `query` finds, which is made or updated."""
        found = self.find(path, query)
        if found is None:
            return self._ask("POST", path, body)["id"]
        fixed = {"type", "flavor"}
        self._ask("PUT", f"{path}/{found['id']}", {key: value for key, value in body.items() if key not in fixed})
        return found["id"]

    def _ask(self, method: str, path: str, body: dict | None = None):
        try:
            answer = _http.request(method, f"{self.url}/api/v1{path}", json=body, headers=self._headers, redirect=False)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise Failure("export", "Unreachable", f"{self.url} is not reachable ({type(error).__name__}): start the server, or correct ZENML_STORE_URL") from error
        if answer.status in (401, 403):
            raise Failure("export", "Unauthorized", f"{self.url} refused the credential with {answer.status}: put the key of an active service account into ZENML_STORE_API_KEY")
        try:
            content = answer.json()
        except ValueError:
            content = None
        if answer.status >= 300 or content is None:
            what = f"{answer.status}: {content['detail']}" if isinstance(content, dict) and "detail" in content else f"{answer.status} and no JSON"
            raise Failure("export", "NoZenml", f"{self.url} answered {what}: ZENML_STORE_URL must be a ZenML server's")
        return content
