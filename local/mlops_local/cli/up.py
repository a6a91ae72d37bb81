"""`npm run local`: deploys the stack to the local target and runs the whole loop, from data to a served model."""

import json
import os
import time
from pathlib import Path

from botocore.exceptions import ClientError

from mlops_local.cli import cdk, client_environment, data, executions, lifecycle, tracker, vendors
from mlops_local.cli.console import Console
from mlops_local.cli.endpoints import accuracy, endpoint_of
from mlops_local.cli.failure import Failure, Interrupted
from mlops_local.cli.report import Report
from mlops_local.settings import REPOSITORY, Settings

_LOOP_OUTPUTS = ("ArtifactStoreUri", "PipelineArn", "DeploymentArn")
_APPROVAL_SECONDS = 60


def run(settings: Settings, as_json: bool, config: Path | None, example: str | None) -> int:
    loop = Loop(settings, config, example)
    code = 0
    try:
        loop.run()
    except Failure as failure:
        loop.report.error = failure.as_json()
        loop.console.error(str(failure))
        code = 1
    except Interrupted:
        loop.report.error = Failure(loop.console.current, "Interrupted", "interrupted by the user").as_json()
        loop.undo()
        code = 130
    loop.report.seconds = loop.console.seconds
    if as_json:
        print(loop.report.as_line(), flush=True)
    return code


class Loop:
    """One run; each method is one phase of it."""

    def __init__(self, settings: Settings, config: Path | None, example: str | None) -> None:
        self.settings = settings
        self.config = config
        self.example = example
        self.console = Console()
        self.console.seconds.update(json.loads(os.environ.get("MLOPS_LOCAL_INSTALL_SECONDS") or "{}"))
        self.report = Report()
        self._started_target = False
        self._started_servers = False
        self._published: dict[str, dict] = {}

    def run(self) -> None:
        began = time.monotonic()
        servers = vendors.program(self.example)
        started = "{}"
        if servers is None:
            assembly = self._synthesize({})
            self._start_target()
        else:
            # Synthesis needs the vendors' addresses, and the vendors need the target.
            self._start_target()
            started = self._start_vendors(servers)
            assembly = self._synthesize({"vendors": started})
        self._bootstrap()
        outputs = self._deploy(assembly)
        self._await_vendors(started)
        if any(name not in outputs for name in _LOOP_OUTPUTS):
            self._tell_outputs(assembly.stack, outputs)
            return
        folder = self._upload_data(outputs["ArtifactStoreUri"])
        known = executions.arns(self.settings, outputs["DeploymentArn"])
        version = self._run_pipeline(outputs["PipelineArn"])
        if not self._registers_here:
            self._tell_waiting(version)
            return
        self._approve(version)
        self._await_deployment(outputs["DeploymentArn"], known, version)
        self._score(folder, outputs["ArtifactStoreUri"])
        self.console.seconds["total"] = round(time.monotonic() - began, 1)
        self._tell_result()

    def undo(self) -> None:
        """After Ctrl-C: what this run started ends with it; the target's state is kept."""
        if self._started_target:
            lifecycle.stop(self.settings)
        elif self._started_servers:
            lifecycle.servers_of(self.settings).stop()
        still = "still runs" if lifecycle.target_of(self.settings).running() else "does not run; its state is kept"
        self.console.line(f"interrupted during '{self.console.current}': the run is stopped; the local target {still}")

    def _start_vendors(self, servers: Path) -> str:
        with self.console.phase("vendors", f"real servers of {servers.relative_to(REPOSITORY)}"):
            self._started_servers = lifecycle.servers_of(self.settings).running() is None
            line = vendors.start(self.settings, servers)
            for name, server in json.loads(line).items():
                self.console.detail(f"{name} on {server['url']}")
        return line

    def _await_vendors(self, line: str) -> None:
        """For the vendors that need the deployed stack."""
        waiting = [name for name, server in json.loads(line).items() if "ready" in server]
        if waiting:
            with self.console.phase("connect", f"{', '.join(waiting)} with the deployed stack"):
                vendors.await_ready(self.settings, line)

    def _synthesize(self, context: dict[str, str]) -> cdk.Assembly:
        if self.config:
            context = context | {"config": str(self.config)}
        app = f"node -r ts-node/register/transpile-only examples/{self.example}/app.ts" if self.example else None
        source = f"examples/{self.example}/app.ts" if self.example else self.config or "mlops.yaml"
        with self.console.phase("synth", f"cdk synth of {source}"):
            assembly = cdk.synthesize(self.settings, app, context)
        self.report.stack = assembly.stack
        return assembly

    def _start_target(self) -> None:
        with self.console.phase("target", f"local AWS on {self.settings.endpoint}"):
            self._started_target = lifecycle.start(self.settings)
            if not self._started_target:
                self.console.detail("it runs already")

    def _bootstrap(self) -> None:
        with self.console.phase("bootstrap", "cdk bootstrap"):
            if not cdk.bootstrap(self.settings):
                self.console.detail("the account is bootstrapped already")

    def _deploy(self, assembly: cdk.Assembly) -> dict[str, str]:
        with self.console.phase("deploy", f"cdk deploy {assembly.stack}"):
            outputs = cdk.deploy(self.settings, assembly, self.console.detail)
        self._published = self._read_published(assembly.stack)
        self.report.components = {
            name: {"provider": published.get("provider"), "address": published["address"]}
            for name, published in self._published.items()
        }
        return outputs

    def _read_published(self, stack: str) -> dict[str, dict]:
        """How each component is reached, as the stack publishes it in SSM for those who do not use CDK."""
        ssm = client_environment.client(self.settings, "ssm")
        pages = ssm.get_paginator("get_parameters_by_path").paginate(Path=f"/mlops/{stack}", Recursive=True)
        return {
            parameter["Name"].rpartition("/")[2]: json.loads(parameter["Value"])
            for page in pages for parameter in page["Parameters"]
        }

    def _upload_data(self, store_uri: str) -> Path:
        with self.console.phase("data", "scikit-learn's breast cancer data"):
            folder = data.make(self.settings)
            uploaded = data.upload(self.settings, folder, store_uri)
            self.console.detail(f"{uploaded} files uploaded to {store_uri}" if uploaded else f"{store_uri} holds it already")
        return folder

    def _run_pipeline(self, machine: str) -> str:
        """Trains, gates and registers; returns the version's ARN."""
        with self.console.phase("pipeline", "train, gate, register"):
            execution = executions.Execution.of(self.settings, machine, self.console.detail)
            try:
                output = execution.run({})
            except Failure:
                if execution.training_job is not None:
                    self.report.training_job = self._training_job(execution.training_job, {})
                raise
            self.report.training_job = self._training_job(output["jobName"], output)
            self.report.model_version = self._model_version(output["version"])
        return output["version"]

    def _training_job(self, name: str, output: dict) -> dict:
        sagemaker = client_environment.client(self.settings, "sagemaker")
        try:
            job = sagemaker.describe_training_job(TrainingJobName=name)
        except ClientError as error:
            # A vendor's run is known there; the pipeline says what it left.
            if error.response["Error"]["Code"] not in ("ResourceNotFound", "ValidationException") or not output:
                raise
            job = {"TrainingJobStatus": "Completed"}
        measured = {metric["MetricName"]: metric["Value"] for metric in job.get("FinalMetricDataList", [])}
        return {
            "name": name,
            "status": job["TrainingJobStatus"],
            "artifact": output.get("modelUri") or job.get("ModelArtifacts", {}).get("S3ModelArtifacts"),
            "metrics": output.get("metrics") or measured,
        }

    @property
    def _registers_here(self) -> bool:
        return self.report.components["model-registry"]["provider"] == "sagemaker"

    def _model_version(self, arn: str) -> dict:
        if not self._registers_here:
            # What a vendor's registry says of it is the vendor's to tell.
            return {"arn": None, "version": arn, "status": None}
        sagemaker = client_environment.client(self.settings, "sagemaker")
        package = sagemaker.describe_model_package(ModelPackageName=arn)
        return {"arn": arn, "version": package.get("ModelPackageVersion"), "status": package["ModelApprovalStatus"]}

    def _approve(self, version: str) -> None:
        """Plays the person who approves; a pipeline that approves by itself needs none."""
        if self.report.model_version["status"] != "PendingManualApproval":
            return
        with self.console.phase("approve", f"version {self.report.model_version['version']}, as a person would"):
            client_environment.client(self.settings, "sagemaker").update_model_package(
                ModelPackageArn=version, ModelApprovalStatus="Approved", ApprovalDescription="approved by npm run local")
            self.report.model_version = self._model_version(version)

    def _await_deployment(self, machine: str, known: set[str], version: str) -> None:
        with self.console.phase("serve", "the approval's event deploys the version"):
            try:
                arn = executions.await_new(self.settings, machine, known, version, _APPROVAL_SECONDS)
                output = executions.Execution(self.settings, arn, self.console.detail).wait()
            except Interrupted:
                for started in executions.arns(self.settings, machine, "RUNNING") - known:
                    executions.Execution(self.settings, started, self.console.detail).stop()
                raise
            if output.get("status") != "Deployed":
                raise Failure("serve", "Mlops.Failed", f"the deployment ended as {output.get('status')}, not as Deployed")

    def _score(self, folder: Path, store_uri: str) -> None:
        with self.console.phase("score", "held-out rows through the endpoint"):
            endpoint = endpoint_of(self.settings, self._published["model-endpoint"]["variables"])
            self.report.endpoint = {"name": endpoint.name, "status": endpoint.status()}
            held_out = data.held_out(folder, store_uri)
            predictions = endpoint.predict(held_out.rows)
            self.report.held_out = {
                "uri": held_out.uri, "rows": len(held_out.rows), "accuracy": accuracy(predictions, held_out.labels),
            }
            sample = data.sample(folder)
            self.report.prediction = {"input": sample, "output": endpoint.predict([sample])[0]}

    def _tell_outputs(self, stack: str, outputs: dict[str, str]) -> None:
        self.console.line()
        for name, value in sorted(outputs.items()):
            self.console.result(name, value)
        self.console.line(f"{stack} is deployed. It runs no training loop, so this is the end.")

    def _tell_waiting(self, version: str) -> None:
        self.console.line()
        self.console.result("model", f"version {version} of {self._address('model-registry')}")
        self.console.line("An approval there deploys it, once the registry's webhook tells this stack; see constructs/model-registry/README.md.")

    def _tell_result(self) -> None:
        report, console = self.report, self.console
        metrics = ", ".join(f"{name} {value:.4g}" for name, value in report.training_job["metrics"].items())
        console.line()
        console.result("model", f"version {report.model_version['version']} of {self._address('model-registry')}: {metrics}")
        console.result("held-out", f"accuracy {report.held_out['accuracy']:.4g} on {report.held_out['rows']} rows "
                                   f"({report.held_out['uri']})")
        console.result("prediction", f"{report.prediction['output']} for {_shortened(report.prediction['input'])}")
        console.result("endpoint", f"{report.endpoint['name']} is {report.endpoint['status']}")
        if "experiment-tracker" in self._published:
            console.result("tracker", tracker.page(self.settings, self._published["experiment-tracker"]))
        console.line()
        console.line("What to try next:")
        for command, about in _NEXT:
            console.line(f"  {command.ljust(46)} {about}")

    def _address(self, component: str) -> str:
        return self.report.components.get(component, {}).get("address", "none")


_NEXT = (
    ('eval "$(npm run -s local:env)"', "then boto3, the SageMaker SDKs and cdk talk to this target"),
    ("edit training/train.py, then npm run local", "trains, registers and deploys your next version"),
    ("npm run local -- --example NAME", f"another stack: see {(REPOSITORY / 'examples').name}/"),
    ("npm run local:stop", "stops everything; the state is kept"),
)


def _shortened(text: str, length: int = 60) -> str:
    return text if len(text) <= length else f"{text[:length - 3]}..."
