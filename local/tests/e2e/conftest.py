"""A local target of the tests' own: a free port, a home of its own, and the clone's cache."""

from collections.abc import Iterator

import pytest
from e2e.driver import LocalTarget, ServedStack, free_port

from mlops_local.settings import Settings


@pytest.fixture(scope="module")
def local_target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalTarget]:
    home = tmp_path_factory.mktemp("home").resolve()
    target = LocalTarget(Settings(port=free_port(), home=home, cache=Settings.from_environment().cache))
    yield target
    target.remove()


@pytest.fixture(scope="module")
def served(local_target: LocalTarget) -> ServedStack:
    code, report = local_target.up()
    assert code == 0, report
    return ServedStack(local_target, report, local_target.outputs(report["stack"]))
