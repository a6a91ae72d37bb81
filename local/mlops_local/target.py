"""The launcher of the local AWS target: `python -m mlops_local.target`.

MiniStack reads its settings from the environment while its modules load, so the environment is set first, and
everything that imports `ministack` is imported after that.
"""

import asyncio
import json
import os
import socket
import sys
import time
import urllib.request
from collections.abc import Callable
from importlib.metadata import version
from typing import TYPE_CHECKING

from mlops_local.settings import ACCOUNT_ID, HOST, REGION, REPOSITORY, Settings

if TYPE_CHECKING:
    from mlops_local.aws.install import Services

STATUS_PATH = "/_mlops/status"


def main() -> None:
    started = time.monotonic()
    settings = Settings.from_environment()
    refuse_taken_port(settings)
    configure_environment(settings)

    from mlops_local.aws import install

    target = Target(settings, install.install(settings))
    print(f"local AWS: starting on {settings.endpoint}, state in {settings.home}", file=sys.stderr, flush=True)
    target.started = started
    asyncio.run(target.serve())


def configure_environment(settings: Settings) -> None:
    """Sets what MiniStack and the processes below it read at import."""
    for folder in ("state", "s3"):
        (settings.home / folder).mkdir(parents=True, exist_ok=True)
    node_path = os.pathsep.join(filter(None, [str(REPOSITORY / "node_modules"), os.environ.get("NODE_PATH")]))
    os.environ.update({
        "GATEWAY_PORT": str(settings.port),
        "BIND_HOST": HOST,
        "MINISTACK_HOST": "localhost",
        "MINISTACK_ACCOUNT_ID": ACCOUNT_ID,
        "MINISTACK_REGION": REGION,
        "AUTH": "true",
        "LAMBDA_EXECUTOR": "local",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "PERSIST_STATE": "1",
        "S3_PERSIST": "1",
        "STATE_DIR": str(settings.home / "state"),
        "S3_DATA_DIR": str(settings.home / "s3"),
        "NODE_PATH": node_path,
        # What this process, its Lambdas and its jobs use when they call AWS.
        "AWS_ENDPOINT_URL": settings.endpoint,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DATA_PATH": str(settings.aws_data_path),
        "MLOPS_LOCAL_PORT": str(settings.port),
        "MLOPS_LOCAL_HOME": str(settings.home),
        "MLOPS_LOCAL_CACHE": str(settings.cache),
    })
    os.environ.setdefault("LAMBDA_WARM_TTL_SECONDS", "60")
    os.environ.setdefault("LOG_LEVEL", "WARNING")
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        os.environ.pop(name, None)


def refuse_taken_port(settings: Settings) -> None:
    """Ends with one clear line when something already listens on the port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        if probe.connect_ex((HOST, settings.port)) != 0:
            return
    owner = running_target(settings.port)
    remedy = "stop it, or choose another port with MLOPS_LOCAL_PORT"
    if owner is None:
        raise SystemExit(f"port {settings.port} is taken by another program: {remedy}")
    if owner["home"] == str(settings.home):
        raise SystemExit(f"this target is already running on port {settings.port} (pid {owner['pid']})")
    raise SystemExit(f"port {settings.port} is taken by the local target of {owner['home']} "
                     f"(pid {owner['pid']}): {remedy}")


def running_target(port: int) -> dict | None:
    """The status of the local target that listens on a port, or None when it is not one."""
    try:
        with urllib.request.urlopen(f"http://{HOST}:{port}{STATUS_PATH}", timeout=2) as response:
            status = json.load(response)
    except (OSError, ValueError):
        return None
    return status if isinstance(status, dict) and "home" in status and "pid" in status else None


class Target:
    """The ASGI application: MiniStack's, with the status route and this target's own start and stop."""

    def __init__(self, settings: Settings, services: "Services") -> None:
        from mlops_local.aws.persistence import Saver

        self.settings = settings
        self.services = services
        self.saver = Saver()
        self.started = time.monotonic()
        self.ready = False

    async def serve(self) -> None:
        from hypercorn.asyncio import serve
        from hypercorn.config import Config

        config = Config()
        config.bind = [f"{HOST}:{self.settings.port}"]
        config.keep_alive_timeout = 75
        config.graceful_timeout = 2
        config.shutdown_timeout = 30
        config.loglevel = "WARNING"
        try:
            await serve(self, config)
        except OSError as error:
            raise SystemExit(f"cannot listen on {HOST}:{self.settings.port}: {error.strerror}") from error

    async def __call__(self, scope: dict, receive: Callable, send: Callable) -> None:
        import ministack.app

        from mlops_local.aws import faults

        if scope["type"] == "lifespan":
            await self._lifespan(scope, receive, send)
        elif scope["type"] == "http" and scope["path"] == STATUS_PATH:
            await self._send_status(send)
        elif scope["type"] == "http" and scope["path"].startswith(faults.PATH) and faults.enabled():
            await _send_json(send, *faults.administer(scope["method"], scope["path"], await _body(receive)))
        else:
            try:
                await ministack.app.app(scope, receive, send)
            finally:
                if scope["type"] == "http":
                    self.saver.note_request(scope)

    async def _lifespan(self, scope: dict, receive: Callable, send: Callable) -> None:
        import ministack.app

        async def receive_after_stop() -> dict:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                self.ready = False
                await asyncio.to_thread(self.services.stop)
                self.saver.stop()
            return message

        async def send_after_start(message: dict) -> None:
            await send(message)
            if message["type"] == "lifespan.startup.complete":
                self.saver.start()
                await asyncio.to_thread(self.services.resume)
                self.ready = True
                took = f"{time.monotonic() - self.started:.1f} s"
                print(f"local AWS: ready on {self.settings.endpoint} after {took}", file=sys.stderr, flush=True)

        await ministack.app._handle_lifespan(scope, receive_after_stop, send_after_start)

    async def _send_status(self, send: Callable) -> None:
        status = {
            "ready": self.ready,
            "home": str(self.settings.home),
            "pid": os.getpid(),
            "version": version("ministack"),
            "port": self.settings.port,
            "account": ACCOUNT_ID,
            "region": REGION,
            "awsDataPath": str(self.settings.aws_data_path),
        }
        await _send_json(send, 200, status)


async def _body(receive: Callable) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return body


async def _send_json(send: Callable, status: int, content: dict) -> None:
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": json.dumps(content).encode()})


if __name__ == "__main__":
    main()
