"""What a stop, and a kill, of the target leave behind."""

import os
import signal

import pytest
from sagemaker_platform import Platform, processes_with, unique
from test_endpoints import answering

SLEEP = "import time; print('started', flush=True); time.sleep(600)"


def test_a_restart_brings_endpoints_back_and_fails_the_job_that_ran(own_target) -> None:
    own_target.start()
    platform = Platform(own_target)
    endpoint = platform.make_endpoint(platform.make_config(platform.make_model(answering("here"))))
    platform.wait_for_endpoint(endpoint)
    job = platform.start_job(SLEEP)
    platform.wait_for_line(job, "started")
    own_target.stop()
    assert not processes_with(str(own_target.home))
    own_target.start()
    found = platform.wait_for_endpoint(endpoint)
    assert found["EndpointStatus"] == "InService", found.get("FailureReason")
    assert platform.invoke(endpoint) == '["here", "here"]'
    failed = platform.wait_for_job(job)
    assert failed["TrainingJobStatus"] == "Failed"
    assert failed["FailureReason"] == "InternalServerError: the local target was stopped while the job ran"


def test_the_next_start_reaps_what_a_kill_left(own_target) -> None:
    own_target.start()
    platform = Platform(own_target)
    mark = unique("mark")
    job = platform.start_job(SLEEP, Environment={"MARK": mark})
    platform.wait_for_line(job, "started")
    assert processes_with(mark)
    own_target.stop(signal.SIGKILL)
    own_target.start()
    assert not processes_with(mark)


def test_without_a_sandbox_the_same_job_runs(own_target, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "MLOPS_LOCAL_SANDBOX", "off")
    own_target.start()
    platform = Platform(own_target)
    script = "import os; open(os.environ['SM_MODEL_DIR'] + '/model', 'w').write(os.environ['SM_CURRENT_HOST'])"
    job = platform.wait_for_job(platform.start_job(script))
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    assert platform.model_files(job) == {"model": b"localhost"}
    endpoint = platform.make_endpoint(platform.make_config(platform.make_model(answering("bare"))))
    assert platform.wait_for_endpoint(endpoint)["EndpointStatus"] == "InService"
    assert platform.invoke(endpoint) == '["bare", "bare"]'
