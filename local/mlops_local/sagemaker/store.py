"""SageMaker's resources, kept per account and region.

Every value is plain JSON (times are epoch seconds), so that the persistence layer can write it as it is.
Fields that start with an underscore are the target's own and never appear in an answer.
"""

from __future__ import annotations

import contextlib
import contextvars
import copy
import secrets
import threading
import time
from collections.abc import Callable, Iterator

from ministack.core.responses import AccountRegionScopedDict, get_account_id, get_region, request_scope

KINDS = (
    "TrainingJob",
    "Model",
    "EndpointConfig",
    "Endpoint",
    "ModelPackageGroup",
    "ModelPackage",
    "MlflowApp",
    "Tags",
)

lock = threading.RLock()
_tables: dict[str, AccountRegionScopedDict] = {kind: AccountRegionScopedDict() for kind in KINDS}


def table(kind: str) -> AccountRegionScopedDict:
    """The resources of one kind, seen from the caller's account and region."""
    return _tables[kind]


def arn(resource_type: str, name: str) -> str:
    return f"arn:aws:sagemaker:{get_region()}:{get_account_id()}:{resource_type}/{name}"


def now() -> float:
    return round(time.time(), 3)


def unique_id() -> str:
    """Eleven characters, enough to tell two starts of one resource apart."""
    return secrets.token_hex(6)


def touch() -> None:
    """Tell the persistence layer that something changed."""
    from mlops_local.aws import persistence

    persistence.touch("sagemaker")


@contextlib.contextmanager
def changing() -> Iterator[None]:
    """Hold the lock for a change, and have it persisted afterwards."""
    with lock:
        yield
    touch()


def scopes(kind: str) -> list[tuple[str, str, str, dict]]:
    """Every resource of a kind in every account and region: account, region, key, resource."""
    return [(account, region, key, value) for (account, region, key), value in _tables[kind].all_items()]


def in_background(name: str, function: Callable, *arguments) -> threading.Thread:
    """Run in a thread that keeps the caller's account and region."""
    context = contextvars.copy_context()
    thread = threading.Thread(target=context.run, args=(function, *arguments), name=name, daemon=True)
    thread.start()
    return thread


def scope(account: str, region: str):
    """Act in an account and region outside of a request."""
    return request_scope(account, region)


def get_state() -> dict:
    with lock:
        return {kind: copy.deepcopy(scoped) for kind, scoped in _tables.items()}


def load_persisted_state(state: dict) -> None:
    with lock:
        for kind, scoped in _tables.items():
            scoped.update(state.get(kind) or {})


def clear() -> None:
    with lock:
        for scoped in _tables.values():
            scoped.clear()
