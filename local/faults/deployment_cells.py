"""Faults of AWS while a version is deployed, to a vendor through S3 or to SageMaker, and while it is asked."""

from collections.abc import Callable

from faults.bench import MODEL_KEY, Bench, digest, processes_with
from faults.cell import SUCCESS, Cell, Outcome
from faults.refusals import DENIED, QUOTA, SLOW_DOWN, SLOW_DOWN_TWICE, THROTTLED, THROTTLED_TWICE, Refusal
from faults.training_cells import train

CREATE = ("deploy: CreateEndpoint", "sagemaker:CreateEndpoint")
UPDATE = ("deploy: UpdateEndpoint", "sagemaker:UpdateEndpoint")
COPY, PUT = "deploy to a vendor: CopyObject", "deploy to a vendor: PutObject"
# The row that the faults of `infer` are about.
ROW = [77, 1]


def cells(bench: Bench) -> list[list[Cell]]:
    """The endpoint's cells are one group: it takes one deployment at a time, and there is none before the first."""
    published = [
        Cell(refusal.words, place, promise, _published(bench, refusal, place, f"published-{number}"))
        for number, (refusal, place, promise) in enumerate([
            (DENIED, PUT, "Mlops.Unauthorized"),
            (SLOW_DOWN_TWICE, PUT, SUCCESS),
            (SLOW_DOWN, COPY, "Mlops.Throttled"),
        ])
    ]
    return [[cell] for cell in published] + [_Endpoint(bench).cells()]


def approved(bench: Bench, run_id: str, behaviour: str = "fits") -> str:
    """A new version, which may be deployed."""
    outcome, output = train(bench, run_id, behaviour)
    if outcome.ended != SUCCESS:
        raise AssertionError(f"{run_id} is not registered: {outcome.ended}")
    bench.client("sagemaker").update_model_package(ModelPackageArn=output["version"], ModelApprovalStatus="Approved")
    return output["version"]


def _published(bench: Bench, refusal: Refusal, place: str, version: str) -> Callable[[], Outcome]:
    def play() -> Outcome:
        bench.vendor.versions.append(digest(version))
        source = f"training/{version}/model.tar.gz"
        bucket = bench.outputs["bucket"]
        bench.client("s3").copy_object(Bucket=bucket, Key=source, CopySource={"Bucket": bucket, "Key": MODEL_KEY})
        # The copy names the version's model, the settings its digest. A copy is a PutObject to IAM.
        text = source if place == COPY else digest(version)
        with bench.fault(version, "s3:PutObject", text, refusal.answer) as calls:
            outcome, _ = bench.run("publish", version, {"version": version, "modelUri": f"s3://{bucket}/{source}"})
            outcome.attempts = calls()
        return outcome

    return play


class _Endpoint:
    """The one SageMaker endpoint, and a new version for every deployment to it."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._name = bench.outputs["endpoint"]
        self._count = 0

    def cells(self) -> list[Cell]:
        def deployed(refusal: Refusal, what: tuple[str, str], promise: str, text: str = self._name) -> Cell:
            return Cell(refusal.words, what[0], promise, lambda: self._deployed(refusal, what[1], text))

        def asked(refusal: Refusal, promise: str) -> Cell:
            return Cell(refusal.words, "infer: InvokeEndpoint", promise, lambda: self._asked(refusal))

        turn = ("deploy: UpdateItem, to give the turn back", "dynamodb:UpdateItem")
        return [
            deployed(QUOTA, CREATE, "Mlops.Throttled"),
            deployed(THROTTLED_TWICE, CREATE, SUCCESS),
            deployed(THROTTLED_TWICE, UPDATE, SUCCESS),
            deployed(THROTTLED, UPDATE, "Mlops.Throttled"),
            deployed(THROTTLED_TWICE, turn, SUCCESS, text='"holder = :holder"'),
            Cell("an alarm while the new version bakes", UPDATE[0], "Mlops.Failed", self._rolled_back),
            asked(THROTTLED_TWICE, SUCCESS),
            asked(THROTTLED, "Mlops.Throttled"),
        ]

    def _deployed(self, refusal: Refusal, action: str, text: str) -> Outcome:
        name, version = self._version("fits")
        with self._bench.fault(name, action, text, refusal.answer) as calls:
            outcome, output = self._bench.run("deployment", name, {"version": version})
            outcome.attempts = calls()
        if outcome.ended == SUCCESS and output["status"] != "Deployed":
            outcome.broken.append(f"it is {output['status']}: {output['reason']}")
        outcome.broken += self._left()
        return outcome

    def _rolled_back(self) -> Outcome:
        """The old version answers when the new one has failed."""
        before = self._described()
        name, version = self._version("is-broken")
        outcome, _ = self._bench.run("deployment", name, {"version": version})
        if self._described() != before:
            outcome.broken.append(f"the endpoint is {' on '.join(self._described())}")
        asked, _ = self._bench.run("predict", f"{name}-after", {"rows": [[1, 2]]})
        if asked.ended != SUCCESS:
            outcome.broken.append(f"infer then ends in {asked.ended}")
        outcome.broken += self._left()
        return outcome

    def _asked(self, refusal: Refusal) -> Outcome:
        name = refusal.words.replace(" ", "-")
        with self._bench.fault(name, "sagemaker:InvokeEndpoint", str(ROW[0]), refusal.answer) as calls:
            outcome, _ = self._bench.run("predict", name, {"rows": [ROW]})
            outcome.attempts = calls()
        return outcome

    def _left(self) -> list[str]:
        """A deployment leaves one model server, whichever version it serves."""
        servers = set(processes_with(f"MLOPS_LOCAL_PROCESS=endpoint-{self._name}").values())
        return [f"{len(servers)} model servers run"] if len(servers) > 1 else []

    def _described(self) -> tuple[str, str]:
        described = self._bench.client("sagemaker").describe_endpoint(EndpointName=self._name)
        return described["EndpointStatus"], described["EndpointConfigName"]

    def _version(self, behaviour: str) -> tuple[str, str]:
        self._count += 1
        name = f"version-{self._count}"
        return name, approved(self._bench, name, behaviour)
