"""Stands in for ClearML's API server: each request and each answer must be what ClearML's published schemas say, or it is refused."""

import importlib
import json

import jsonschema
import jwt
from stand_in import serve

API = "v2_23"
TASK, PROJECT = "a" * 32, "b" * 32
task: dict = {}


def answer(_method: str, path: str, content: bytes) -> tuple[int, object]:
    service, action = path.rpartition("/")[2].split(".")
    data = login() if (service, action) == ("auth", "login") else act(service, action, content)
    return 200, {"meta": {"result_code": 200, "result_subcode": 0, "result_msg": "OK", "error_stack": "", "error_data": {}, "id": "1", "trx": "1",
                          "endpoint": {"name": f"{service}.{action}", "requested_version": "2.23", "actual_version": "2.23"}}, "data": data}


def act(service: str, action: str, content: bytes) -> dict:
    schemas = importlib.import_module(f"clearml.backend_api.services.{API}.{service}")
    name = "".join(part.capitalize() for part in action.split("_"))
    if action == "add_batch":
        # One request of `add` a line.
        events = [json.loads(line) for line in content.splitlines()]
        for event in events:
            jsonschema.validate(event, schemas.AddRequest._schema)
        data = {"added": len(events)}
    else:
        body = json.loads(content)
        jsonschema.validate(body, getattr(schemas, f"{name}Request")._schema)
        data = DATA.get((service, action), lambda _: {})(body)
    jsonschema.validate(data, getattr(schemas, f"{name}Response")._schema)
    return data


def login() -> dict:
    """A token, which the client reads and nobody here checks."""
    claims = {"exp": 4000000000, "identity": {"user": "ml", "company": "acme"}, "api_version": "2.23", "server_version": "2.0.0", "feature_set": "basic"}
    return {"token": jwt.encode(claims, "a key of thirty-two bytes or more", algorithm="HS256")}


def edit(body: dict) -> dict:
    task.update({name: value for name, value in body.items() if name not in ("task", "force", "method")})
    return {"updated": 1}


def create(body: dict) -> dict:
    edit(body)
    task.update(id=TASK, status="created")
    return {"id": TASK}


DATA = {
    ("projects", "get_all"): lambda _: {"projects": []},
    ("projects", "create"): lambda _: {"id": PROJECT},
    ("projects", "get_by_id"): lambda _: {"project": {"id": PROJECT, "name": "churn"}},
    ("tasks", "create"): create,
    ("tasks", "edit"): edit,
    ("tasks", "get_by_id"): lambda _: {"task": task},
    ("tasks", "get_all"): lambda body: {"tasks": [task] if TASK in body.get("id", []) else []},
}

serve(answer)
