"""The CDK CLI polls every five seconds: the answer to ExecuteChangeSet and DeleteStack waits for the stack to settle.

AWS answers at once. Holding the answer, for at most `HOLD_SECONDS`, changes nothing else and saves most of a deploy.
"""

import asyncio
import time
from urllib.parse import parse_qs

import ministack.app
from ministack.services import cloudformation

HOLD_SECONDS = 20.0
POLL_SECONDS = 0.02
HELD_ACTIONS = ("ExecuteChangeSet", "DeleteStack")


def apply() -> None:
    handle = ministack.app.SERVICE_HANDLERS["cloudformation"]

    async def handle_request(method, path, headers, body, query_params):
        response = await handle(method, path, headers, body, query_params)
        form = parse_qs(body.decode("utf-8", "replace")) if body else {}
        if form.get("Action", [""])[0] in HELD_ACTIONS and response[0] < 400:
            await _settled(_stack_name(form))
        return response

    ministack.app.SERVICE_HANDLERS["cloudformation"] = handle_request


def _stack_name(form: dict) -> str:
    name = form.get("StackName", [""])[0]
    return name.split("/")[1] if name.startswith("arn:") else name


async def _settled(stack_name: str) -> None:
    deadline = time.monotonic() + HOLD_SECONDS
    while time.monotonic() < deadline:
        stack = cloudformation._stacks.get(stack_name)
        if stack is None or not stack.get("StackStatus", "").endswith("_IN_PROGRESS"):
            return
        await asyncio.sleep(POLL_SECONDS)
