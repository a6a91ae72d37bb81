"""Faults on purpose: calls that are refused, and that nobody can set one on a target that was not started for it."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from aws.running_target import TargetProcess, free_port

REFUSED = {"action": "s3:PutObject", "code": "OnPurpose", "message": "on purpose", "status": 400}


class FaultyTarget(TargetProcess):
    def environment(self) -> dict[str, str]:
        return {**super().environment(), "MLOPS_LOCAL_FAULTS": "1"}


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TargetProcess]:
    process = FaultyTarget(tmp_path_factory.mktemp("faulty"), free_port())
    process.start()
    process.client("s3").create_bucket(Bucket="faulty")
    yield process
    process.stop()


def ask(process: TargetProcess, method: str, name: str, content: object = None) -> tuple[int, str]:
    data = None if content is None else json.dumps(content).encode()
    request = urllib.request.Request(f"{process.endpoint}/_mlops/faults/{name}", method=method, data=data)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def put(process: TargetProcess, key: str) -> str | None:
    """The code of the error, or None."""
    try:
        process.client("s3").put_object(Bucket="faulty", Key=key, Body=b"x")
    except ClientError as error:
        return error.response["Error"]["Code"]
    return None


def exists(process: TargetProcess, key: str) -> bool:
    return "Contents" in process.client("s3").list_objects_v2(Bucket="faulty", Prefix=key)


def test_the_first_calls_that_mention_a_text_are_refused(faulty):
    ask(faulty, "PUT", "some", REFUSED | {"text": "/some", "times": 2})
    assert [put(faulty, key) for key in ("some", "other", "some", "some")] == ["OnPurpose", None, "OnPurpose", None]
    assert json.loads(ask(faulty, "GET", "some")[1])["calls"] == 3


def test_all_calls_are_refused_until_the_fault_is_taken_away(faulty):
    ask(faulty, "PUT", "all", REFUSED | {"text": "/every"})
    assert [put(faulty, "every") for _ in range(4)] == ["OnPurpose"] * 4
    assert not exists(faulty, "every")
    assert ask(faulty, "DELETE", "all")[0] == 200
    assert put(faulty, "every") is None
    assert ask(faulty, "GET", "all") == (404, '{"message": "there is no fault \'all\'"}')


def test_a_call_may_be_made_and_only_its_answer_lost(faulty):
    ask(faulty, "PUT", "lost", REFUSED | {"text": "/lost", "times": 1, "performed": True})
    assert put(faulty, "lost") == "OnPurpose"
    assert exists(faulty, "lost")


@pytest.mark.parametrize("content", [{"action": "s3:PutObject"}, {**REFUSED, "text": "x", "often": 1}, ["x"], "x"])
def test_a_fault_that_is_none_is_refused(faulty, content):
    status, answer = ask(faulty, "PUT", "bad", content)
    assert status == 400
    assert "a fault must be a JSON object of action, text, code, message, status, times, performed: " in answer


def test_they_are_off_by_default(target):
    target.client("s3").create_bucket(Bucket="faulty")
    assert ask(target, "PUT", "off", REFUSED | {"text": "/off"})[0] != 200
    assert put(target, "off") is None
