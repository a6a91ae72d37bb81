"""Stands in for the Hugging Face Hub, for one model repository, which is a real one of git's: `hub.py <port> <folder>`.

What it is asked must be what the vendor's clients ask, field by field, or it is refused; what it tells by webhooks has the form that the vendor publishes.
"""

import base64
import json
import os
import re
import subprocess
import sys
import threading
import urllib.request
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

from huggingface_hub import WebhookPayload

REPOSITORY, TOKEN = "acme/fraud", "token-of-the-test"
FOLDER = sys.argv[2]
ZERO = "0" * 40
COMMIT = {"summary": str, "description": str, "files": list, "parentCommit": str}
FILE = {"path": str, "content": str, "encoding": str}
LOCK = threading.Lock()
webhooks: list[dict] = []


class Refusal(Exception):
    def __init__(self, status: int, message: str, code: str = "") -> None:
        super().__init__(message)
        self.status, self.code = status, code


def git(*arguments: str, given: bytes = b"", index: str = "index") -> str:
    author = {"TZ": "UTC"} | {f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER") for what, value in (("NAME", "ml"), ("EMAIL", "ml@users.noreply"))}
    ended = subprocess.run(["git", *arguments], cwd=FOLDER, input=given, capture_output=True, check=False, env={**os.environ, **author, "GIT_INDEX_FILE": index})
    if ended.returncode:
        raise LookupError(ended.stderr.decode())
    return ended.stdout.decode()


def fields(given: object, known: dict[str, type], required: tuple[str, ...]) -> dict:
    """`given`, if it has the fields that it must have, each of its type, and no other."""
    if not isinstance(given, dict) or set(given) - set(known) or set(required) - set(given) or any(not isinstance(value, known[name]) for name, value in given.items()):
        raise Refusal(400, f"{given} must have {required}, of {known}")
    return given


def commit_of(revision: str) -> str:
    for name in (f"refs/heads/{revision}", f"refs/tags/{revision}", revision if re.fullmatch("[0-9a-f]{40}|refs/.+", revision) else None):
        try:
            if name:
                return git("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}").strip()
        except LookupError:
            pass
    raise Refusal(404, f"Invalid rev id: {revision}", "RevisionNotFound")


def content_of(revision: str, path: str) -> tuple[str, bytes]:
    commit = commit_of(revision)
    try:
        return commit, git("show", f"{commit}:{path}").encode()
    except LookupError:
        raise Refusal(404, "Entry not found", "EntryNotFound") from None


def commit(branch: str, content: bytes, kind: str) -> object:
    """Takes a commit as the vendor's client of today sends it, in lines, and as its first ones did, in one object."""
    if kind == "application/x-ndjson":
        header, *operations = [fields(json.loads(line), {"key": str, "value": dict}, ("key", "value")) for line in content.splitlines()]
        if header["key"] != "header" or {operation["key"] for operation in operations} - {"file"}:
            raise Refusal(400, "a header must come first, and then files")
        given = header["value"] | {"files": [operation["value"] for operation in operations]}
    else:
        given = json.loads(content)
    fields(given, COMMIT, ("summary", "files"))
    if not given["summary"]:
        raise Refusal(400, "'summary' must not be empty")
    parent = commit_of(branch)
    index = f"index-{uuid.uuid4()}"
    git("read-tree", parent, index=index)
    for file in given["files"]:
        fields(file, FILE, tuple(FILE))
        if file["encoding"] != "base64":
            raise Refusal(400, "'encoding' must be base64")
        blob = git("hash-object", "-w", "--stdin", given=base64.b64decode(file["content"], validate=True)).strip()
        git("update-index", "--add", "--cacheinfo", f"100644,{blob},{file['path']}", index=index)
    message = "\n\n".join(filter(None, (given["summary"], given.get("description"))))
    made = git("commit-tree", git("write-tree", index=index).strip(), "-p", parent, given=message.encode()).strip()
    os.unlink(os.path.join(FOLDER, index))
    move(f"refs/heads/{branch}", parent, made)
    return {"success": True, "commitOid": made, "commitUrl": f"https://huggingface.co/{REPOSITORY}/commit/{made}", "hookOutput": ""}


def move(ref: str, old: str | None, new: str | None) -> None:
    git("update-ref", *([ref, new, old or ZERO] if new else ["-d", ref]))
    threading.Thread(target=tell, args=(ref, old, new, commit_of("main"))).start()


def tell(ref: str, old: str | None, new: str | None, head: str) -> None:
    """Posts to every webhook, as it says itself."""
    repo = {"type": "model", "name": REPOSITORY, "id": "6366c000a2abcdf2fd69a080", "private": True, "headSha": head, "tags": [], "owner": {"id": "61d2000c3c2083e1c08af22d"},
            "url": {"web": f"https://huggingface.co/{REPOSITORY}", "api": f"https://huggingface.co/api/models/{REPOSITORY}"}}  # fmt: skip
    for webhook in webhooks:
        body = {"event": {"action": "update", "scope": "repo.content"}, "repo": repo, "updatedRefs": [{"ref": ref, "oldSha": old, "newSha": new}], "webhook": {"id": webhook["id"], "version": 3}}
        WebhookPayload.model_validate(body)
        headers = {"content-type": "application/json", "x-webhook-secret": webhook["secret"]}
        urllib.request.urlopen(urllib.request.Request(webhook["url"], json.dumps(body).encode(), headers), timeout=60).close()


def tag(revision: str, content: bytes, _kind: str) -> object:
    given = fields(json.loads(content), {"tag": str, "message": str}, ("tag",))
    try:
        git("check-ref-format", f"refs/tags/{given['tag']}")
    except LookupError:
        raise Refusal(400, "Invalid tag") from None
    new = commit_of(revision)
    try:
        move(f"refs/tags/{given['tag']}", None, new)
    except LookupError:
        raise Refusal(409, "Tag reference exists already") from None
    return "OK"


def untag(name: str, _content: bytes, _kind: str) -> object:
    try:
        old = git("rev-parse", "--verify", "--quiet", f"refs/tags/{name}").strip()
    except LookupError:
        raise Refusal(404, "Tag not found", "RevisionNotFound") from None
    move(f"refs/tags/{name}", old, None)
    return "OK"


def refs(*_: object) -> object:
    lines = [line.split() for line in git("for-each-ref", "--format=%(objectname) %(refname)").splitlines()]
    listed = [{"name": ref.split("/", 2)[2], "ref": ref, "targetCommit": sha} for sha, ref in lines]
    return {"branches": [one for one in listed if one["ref"].startswith("refs/heads/")], "tags": [one for one in listed if one["ref"].startswith("refs/tags/")], "converts": []}


def commits(revision: str, *_: object) -> object:
    found = [line.split("\x1f") for line in git("log", "--date=format-local:%Y-%m-%dT%H:%M:%S.000Z", "--format=%H%x1f%cd%x1f%s%x1f%b%x1e", commit_of(revision)).strip("\n\x1e").split("\x1e")]
    return [{"id": sha.strip(), "date": date, "title": title, "message": body.strip(), "authors": [{"user": "ml"}]} for sha, date, title, body in found]


def preupload(_revision: str, content: bytes, _kind: str) -> object:
    return {"files": [{"path": file["path"], "uploadMode": "regular", "shouldIgnore": False} for file in json.loads(content)["files"]]}


def subscribe(_: str, content: bytes, _kind: str) -> object:
    given = fields(json.loads(content), {"watched": list, "url": str, "domains": list, "secret": str}, ("watched", "url", "domains"))
    if given["watched"] != [{"type": "model", "name": REPOSITORY}] or given["domains"] != ["repo"]:
        raise Refusal(400, f"this repository alone can be watched, got {given}")
    webhooks.append({"id": uuid.uuid4().hex[:24], "disabled": False, **given})
    return {"webhook": webhooks[-1]}


MODEL = f"/api/models/{REPOSITORY}"
ROUTES = [(method, re.compile(path), act) for method, path, act in (
    ("GET", "/api/whoami-v2()", lambda *_: {"type": "user", "name": "ml", "orgs": [{"name": "acme"}]}),
    ("GET", f"{MODEL}/refs()", refs),
    ("GET", f"{MODEL}/commits/([^/]+)", commits),
    ("POST", f"{MODEL}/preupload/([^/]+)", preupload),
    ("POST", f"{MODEL}/commit/([^/]+)", commit),
    ("POST", f"{MODEL}/tag/([^/]+)", tag),
    ("DELETE", f"{MODEL}/tag/([^/]+)", untag),
    ("POST", "/api/settings/webhooks()", subscribe),
)]  # fmt: skip
FILES = re.compile(f"/{REPOSITORY}/(raw|resolve)/([^/]+)/(.+)")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def handle_any(self) -> None:
        content = self.rfile.read(int(self.headers.get("content-length") or 0))
        try:
            status, headers, body = 200, *self.answered(urlsplit(self.path).path, content)
        except Refusal as refusal:
            status, headers, body = refusal.status, {"x-error-code": refusal.code, "x-error-message": str(refusal), "content-type": "application/json"}, json.dumps({"error": str(refusal)}).encode()
        except Exception as error:
            status, headers, body = 400, {"content-type": "application/json"}, json.dumps({"error": f"{type(error).__name__}: {error}"}).encode()
        self.send_response(status)
        for name, value in {**headers, "content-length": len(body)}.items():
            self.send_header(name, str(value))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_HEAD = do_POST = do_DELETE = handle_any

    def answered(self, path: str, content: bytes) -> tuple[dict, bytes]:
        if path == "/":
            return {"content-type": "text/html"}, b"<html>"
        if self.headers.get("authorization") != f"Bearer {TOKEN}":
            raise Refusal(401, "Invalid username or password.")
        if self.command in ("GET", "HEAD") and (file := FILES.fullmatch(path)):
            commit, found = content_of(unquote(file[2]), unquote(file[3]))
            return {"content-type": "text/plain; charset=utf-8", "etag": f'"{git("hash-object", "--stdin", given=found).strip()}"', "x-repo-commit": commit}, found
        for method, pattern, act in ROUTES:
            if method == self.command and (matched := pattern.fullmatch(path)):
                with LOCK:
                    answer = act(unquote(matched[1]), content, self.headers.get("content-type", ""))
                return {"content-type": "application/json"}, json.dumps(answer).encode()
        raise Refusal(404, f"Sorry, we can't find the page you are looking for: {self.command} {path}")

    def log_message(self, *_: object) -> None:
        pass


git("init", "--quiet", "--bare", "--initial-branch=main", ".")
empty = git("mktree").strip()
git("update-ref", "refs/heads/main", git("commit-tree", empty, given=b"initial commit").strip())
ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
