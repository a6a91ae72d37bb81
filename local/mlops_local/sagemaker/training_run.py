"""One training job from its first download to its last upload, by SageMaker's container contract."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError
from ministack.core.responses import get_region

from mlops_local.aws import faults
from mlops_local.processes import environments, images, sandbox, supervisor
from mlops_local.sagemaker import containers, events, s3_data, store
from mlops_local.sagemaker.clients import client, role_environment
from mlops_local.sagemaker.errors import JobFailure
from mlops_local.sagemaker.log_stream import LogStream
from mlops_local.sagemaker.service_model import shape_answer
from mlops_local.settings import Settings

LOG_GROUP = "/aws/sagemaker/TrainingJobs"
STOPPED_WITH_TARGET = "InternalServerError: the local target was stopped while the job ran"
LONGEST_FAILURE_REASON = 1024
CHECKPOINT_SECONDS = 5.0
_POLL_SECONDS = 0.02
_TIMES = ("CreationTime", "TrainingStartTime", "TrainingEndTime", "LastModifiedTime")


def change_status(job: dict, status: str, secondary: str, message: str) -> None:
    """Move a job to a status, keep the history of its secondary statuses, and tell the event bus."""
    with store.changing():
        moment = store.now()
        transitions = job["SecondaryStatusTransitions"]
        if transitions and "EndTime" not in transitions[-1]:
            transitions[-1]["EndTime"] = moment
        transition = {"Status": secondary, "StartTime": moment, "StatusMessage": message}
        if status in ("Completed", "Failed", "Stopped"):
            transition["EndTime"] = moment
        transitions.append(transition)
        job.update(TrainingJobStatus=status, SecondaryStatus=secondary, LastModifiedTime=moment)
        detail = shape_answer("DescribeTrainingJob", job)
    detail.update({name: events.milliseconds(detail[name]) for name in _TIMES if name in detail})
    events.emit("SageMaker Training Job State Change", detail, job["TrainingJobArn"])


class TrainingRun:
    """Runs one job in a thread of its own."""

    def __init__(self, job: dict) -> None:
        self.job = job
        self.ended = threading.Event()
        self._stop_requested = threading.Event()
        self._abandoned = False
        self._hosts = _hosts(job["ResourceConfig"]["InstanceCount"])
        self._root = Settings.from_environment().home / "jobs" / f"{job['TrainingJobName']}-{store.unique_id()}"
        self._containers = [sandbox.Container(self._root / host, host, tuple(self._hosts)) for host in self._hosts]
        self._metrics = MetricReader(job["AlgorithmSpecification"].get("MetricDefinitions", []))
        self._children: list[supervisor.Child] = []

    def stop(self) -> None:
        """StopTrainingJob: what was written so far is still uploaded."""
        self._stop_requested.set()

    def abandon(self) -> None:
        """The target ends: the job fails, and nothing is uploaded any more."""
        self._abandoned = True
        self._stop_requested.set()

    def perform(self) -> None:
        try:
            outcome = self._perform()
        except (JobFailure, images.ImageFailure) as failure:
            outcome = ("Failed", "Failed", str(failure))
        except environments.EnvironmentFailure as failure:
            outcome = ("Failed", "Failed", f"AlgorithmError: the requirements do not install: {failure}")
        except Exception as error:  # noqa: BLE001 - the job must end, whatever happened
            outcome = ("Failed", "Failed", f"InternalServerError: {type(error).__name__}: {error}")
        finally:
            self._stop_children()
        self._finish(*outcome)

    def _perform(self) -> tuple[str, str, str]:
        faults.strike_training_job(self.job["TrainingJobName"])
        runtime = images.runtime_of(self.job["AlgorithmSpecification"]["TrainingImage"])
        credentials = role_environment(self.job["RoleArn"], "SageMaker")
        s3 = client("s3", credentials)
        self._to("Downloading", "Downloading input data")
        self._download_channels(s3)
        python_environment = runtime.python_environment(self._source_folder(s3))
        checkpoints = self._restore_checkpoints(s3)
        if self._stop_requested.is_set():
            return self._stopped_outcome("Stopped")
        self._to("Training", "Training image download completed. Training in progress.")
        self.job["TrainingStartTime"] = store.now()
        ending = self._train(runtime, python_environment, credentials, checkpoints)
        if self._abandoned:
            return self._stopped_outcome("Stopped")
        self._upload(s3, checkpoints, ending)
        return ending

    # ---- before the training

    def _download_channels(self, s3) -> None:
        for container in self._containers:
            for folder in ("input/config", "input/data", "model", "output/data", "checkpoints", "code"):
                container.path(folder)
        for channel in self.job.get("InputDataConfig", []):
            source = channel["DataSource"]["S3DataSource"]
            keys = s3_data.list_prefix(s3, source["S3Uri"])
            if not keys:
                raise JobFailure("ClientError: Data download failed:No S3 objects found under S3 URL "
                                 f"\"{source['S3Uri']}\" given in input data source '{channel['ChannelName']}'. "
                                 "Please ensure that the bucket exists in the selected region, that objects exist "
                                 "under that S3 prefix, and that the role may list and read them.")
            sharded = source.get("S3DataDistributionType") == "ShardedByS3Key"
            for number, container in enumerate(self._containers):
                share = keys[number::len(self._containers)] if sharded else keys
                folder = container.path(f"input/data/{channel['ChannelName']}")
                s3_data.download_keys(s3, source["S3Uri"], share, folder)
        for container in self._containers:
            self._write_config(container)

    def _write_config(self, container: sandbox.Container) -> None:
        instance_type = self.job["ResourceConfig"]["InstanceType"]
        group = {"instance_group_name": "homogeneousCluster", "instance_type": instance_type, "hosts": self._hosts}
        files = {
            "hyperparameters.json": self.job.get("HyperParameters", {}),
            "inputdataconfig.json": {
                channel["ChannelName"]: _channel_config(channel) for channel in self.job.get("InputDataConfig", [])
            },
            "resourceconfig.json": {
                "current_host": container.host,
                "current_instance_type": instance_type,
                "current_group_name": "homogeneousCluster",
                "hosts": self._hosts,
                "instance_groups": [group],
                "network_interface_name": "lo",
            },
        }
        for name, content in files.items():
            (container.path("input/config") / name).write_text(json.dumps(content))

    def _source_folder(self, s3) -> Path | None:
        """The user's source folder, unpacked ahead of the toolkit for its requirements.txt."""
        address = _plain(self.job.get("HyperParameters", {}).get("sagemaker_submit_directory", ""))
        source = self._root / "source"
        if address.startswith("s3://"):
            s3_data.download_archive(s3, address, source, "Source")
            return source
        if address.startswith("/opt/ml/") and address.endswith(".tar.gz"):
            archive = self._containers[0].opt_ml / address.removeprefix("/opt/ml/")
            s3_data.unpack(archive, source, f"source {address}")
            return source
        code_channel = self._containers[0].opt_ml / "input/data/code"
        return code_channel if code_channel.is_dir() else None

    def _restore_checkpoints(self, s3) -> list[s3_data.FolderSync]:
        config = self.job.get("CheckpointConfig")
        if not config:
            return []
        relative = config.get("LocalPath", "/opt/ml/checkpoints").removeprefix("/opt/ml/")
        syncs = [s3_data.FolderSync(s3, container.path(relative), config["S3Uri"]) for container in self._containers]
        for sync in syncs:
            sync.restore()
        return syncs

    # ---- the training

    def _train(self, runtime: images.Runtime, python_environment, credentials: dict[str, str],
               checkpoints: list[s3_data.FolderSync]) -> tuple[str, str, str]:
        started = time.monotonic()
        logs = [self._start(container, runtime, python_environment, credentials) for container in self._containers]
        try:
            ending = self._watch(started, checkpoints)
        finally:
            self._stop_children()
            for log in logs:
                log.close()
            self.job["TrainingEndTime"] = store.now()
            self._account_for_time()
        return ending() if callable(ending) else ending

    def _start(self, container: sandbox.Container, runtime: images.Runtime, python_environment,
               credentials: dict[str, str]) -> LogStream:
        isolated = self.job["EnableNetworkIsolation"]
        environment = {
            **containers.base_environment(python_environment, get_region()),
            **runtime.environment,
            **({} if isolated else containers.network_environment(credentials)),
            **self.job.get("Environment", {}),
            "TRAINING_JOB_NAME": self.job["TrainingJobName"],
            "TRAINING_JOB_ARN": self.job["TrainingJobArn"],
        }
        readable = [*python_environment.readable, *runtime.readable, *containers.visible_to_sandbox(credentials)]
        command = self._command(runtime, python_environment)
        command, environment = sandbox.confine(container, command, environment, readable)
        log = container.root / "log"
        name = f"training-{self._root.name}-{container.host}"
        self._children.append(supervisor.spawn(name, command, environment, log, container.opt_ml))
        stream = f"{self.job['TrainingJobName']}/{container.host}-{int(time.time())}"
        stream = stream.replace(sandbox.PLAIN_HOST, "algo-1")
        return LogStream(log, LOG_GROUP, stream, self.job["RoleArn"], self._metrics.read)

    def _command(self, runtime: images.Runtime, python_environment) -> list[str]:
        algorithm = self.job["AlgorithmSpecification"]
        entry = algorithm.get("ContainerEntrypoint") or runtime.command("train", python_environment)
        return [*entry, *algorithm.get("ContainerArguments", [])]

    def _watch(self, started: float, checkpoints: list[s3_data.FolderSync]) -> tuple[str, str, str] | Callable:
        """Wait for the first thing that ends the training, and say how it ended."""
        condition = self.job["StoppingCondition"]
        longest = condition["MaxRuntimeInSeconds"]
        next_sync = started + CHECKPOINT_SECONDS
        while True:
            codes = [child.process.poll() for child in self._children]
            if any(code not in (None, 0) for code in codes):
                failed = next(child for child, code in zip(self._children, codes) if code not in (None, 0))
                return lambda: ("Failed", "Failed", self._failure_of(failed))
            if all(code == 0 for code in codes):
                return "Completed", "Completed", "Training job completed"
            if self._stop_requested.is_set():
                return self._stopped_outcome("Stopped")
            if time.monotonic() - started > longest:
                return self._stopped_outcome("MaxRuntimeExceeded")
            if checkpoints and time.monotonic() > next_sync:
                for sync in checkpoints:
                    sync.upload()
                next_sync = time.monotonic() + CHECKPOINT_SECONDS
            time.sleep(_POLL_SECONDS)

    def _stopped_outcome(self, secondary: str) -> tuple[str, str, str]:
        if self._abandoned:
            return "Failed", "Failed", STOPPED_WITH_TARGET
        return "Stopped", secondary, "Training job stopped"

    def _failure_of(self, child: supervisor.Child) -> str:
        """The container's own words in /opt/ml/output/failure, else the end of what it printed."""
        container = self._containers[self._children.index(child)]
        failure_file = container.opt_ml / "output" / "failure"
        words = failure_file.read_text(errors="replace").strip() if failure_file.is_file() else ""
        tail = _last_traceback(child.log_tail(8000))
        if not words or _last_line(tail) not in words:
            words = f"{words}\n{tail}".strip()
        ending = f", exit code: {child.process.returncode}"
        room = LONGEST_FAILURE_REASON - len("AlgorithmError: ") - len(ending)
        return "AlgorithmError: " + _shortened(words, room) + ending

    def _stop_children(self) -> None:
        threads = [threading.Thread(target=supervisor.stop, args=(child.name,)) for child in self._children]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _account_for_time(self) -> None:
        seconds = max(1, round(self.job["TrainingEndTime"] - self.job["TrainingStartTime"]))
        self.job["TrainingTimeInSeconds"] = seconds
        self.job["BillableTimeInSeconds"] = seconds

    # ---- after the training

    def _upload(self, s3, checkpoints: list[s3_data.FolderSync], ending: tuple[str, str, str]) -> None:
        if self.job["TrainingJobStatus"] == "InProgress":
            self._to("Uploading", "Uploading generated training model")
        for sync in checkpoints:
            sync.upload()
        self._report_metrics()
        output = s3_data.join(self.job["OutputDataConfig"]["S3OutputPath"], self.job["TrainingJobName"], "output")
        outputs = [container.path("output/data") for container in self._containers]
        if any(any(folder.iterdir()) for folder in outputs):
            s3_data.upload_archive(s3, outputs, s3_data.join(output, "output.tar.gz"))
        if ending[0] != "Failed":
            artifact = s3_data.join(output, "model.tar.gz")
            s3_data.upload_archive(s3, [container.path("model") for container in self._containers], artifact)
            self.job["ModelArtifacts"] = {"S3ModelArtifacts": artifact}

    def _report_metrics(self) -> None:
        final = self._metrics.final()
        if not final:
            return
        self.job["FinalMetricDataList"] = final
        data = [{
            "MetricName": metric["MetricName"],
            "Value": metric["Value"],
            "Timestamp": metric["Timestamp"],
            "Dimensions": [{"Name": "TrainingJobName", "Value": self.job["TrainingJobName"]}],
        } for metric in final]
        with contextlib.suppress(BotoCoreError, ClientError):
            client("cloudwatch").put_metric_data(Namespace=LOG_GROUP, MetricData=data)

    def _to(self, secondary: str, message: str) -> None:
        if not self._stop_requested.is_set():
            change_status(self.job, "InProgress", secondary, message)

    def _finish(self, status: str, secondary: str, message: str) -> None:
        if status == "Failed":
            self.job["FailureReason"] = _shortened(message, LONGEST_FAILURE_REASON)
        self.job.setdefault("TrainingEndTime", store.now())
        change_status(self.job, status, secondary, message)
        shutil.rmtree(self._root, ignore_errors=True)
        self.ended.set()


class MetricReader:
    """Finds the metrics that a job's metric definitions describe in the lines of its log."""

    def __init__(self, definitions: list[dict]) -> None:
        self._patterns = [(definition["Name"], re.compile(definition["Regex"])) for definition in definitions]
        self._latest: dict[str, dict] = {}

    def read(self, line: str) -> None:
        for name, pattern in self._patterns:
            for match in pattern.finditer(line):
                with contextlib.suppress(ValueError, IndexError, TypeError):
                    self._latest[name] = {"MetricName": name, "Value": float(match[1]), "Timestamp": store.now()}

    def final(self) -> list[dict]:
        return list(self._latest.values())


def _hosts(count: int) -> list[str]:
    """Host names that resolve where the job runs: without a sandbox there is only the machine's own."""
    if sandbox.available():
        return [f"algo-{number}" for number in range(1, count + 1)]
    return [sandbox.PLAIN_HOST]


def _channel_config(channel: dict) -> dict:
    config = {
        "TrainingInputMode": "File",
        "S3DistributionType": channel["DataSource"]["S3DataSource"].get("S3DataDistributionType", "FullyReplicated"),
        "RecordWrapperType": channel.get("RecordWrapperType", "None"),
    }
    return {**config, **({"ContentType": channel["ContentType"]} if channel.get("ContentType") else {})}


def _plain(hyperparameter: str) -> str:
    """The SDK writes hyperparameters as JSON, people write them as they are."""
    with contextlib.suppress(ValueError):
        decoded = json.loads(hyperparameter)
        return decoded if isinstance(decoded, str) else hyperparameter
    return hyperparameter


def _last_traceback(text: str) -> str:
    """From the last traceback on, else the last lines."""
    start = text.rfind("Traceback (most recent call last)")
    return text[start:] if start >= 0 else "\n".join(text.splitlines()[-12:])


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip() if lines else ""


def _shortened(text: str, room: int) -> str:
    """The end of an error says most: cut from the middle, keeping a little of its start."""
    if len(text) <= room:
        return text
    start = room // 4
    return text[:start] + " ... " + text[-(room - start - 5):]
