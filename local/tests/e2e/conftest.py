"""A local target of the tests' own: a free port, a home of its own, and the clone's cache."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e.driver import LocalTarget, ServedStack, free_port

from mlops_local.settings import Settings


FOLDER = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What looks back on all other tests comes last."""
    items.sort(key=lambda item: item.path == FOLDER / "test_permissions.py")


@pytest.fixture(scope="session")
def whole_run(request: pytest.FixtureRequest) -> bool:
    """Whether nothing of this folder was left out."""
    option = request.config.option
    asked = [Path(argument).resolve() for argument in request.config.args]
    chosen = option.keyword or option.markexpr or option.deselect
    return any(FOLDER.is_relative_to(path) for path in asked) and not chosen


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
