"""One target for all tests of this folder; `platform` is what a user of SageMaker has: a bucket, a role, clients."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "sagemaker"), str(TESTS / "aws")]  # running_target is shared with those tests

from running_target import TargetProcess, free_port  # noqa: E402
from sagemaker_platform import Platform  # noqa: E402


@pytest.fixture(scope="session")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TargetProcess]:
    process = TargetProcess(tmp_path_factory.mktemp("target"), free_port())
    process.start()
    yield process
    process.stop()


@pytest.fixture(scope="session")
def platform(target: TargetProcess) -> Platform:
    return Platform(target)


@pytest.fixture
def own_target(tmp_path: Path) -> Iterator[TargetProcess]:
    """A target that a test may stop, kill and start again."""
    process = TargetProcess(tmp_path, free_port())
    yield process
    process.stop()
