"""A team's flows, of which the first is served as `train/nightly`."""

from fitting import fit as fitted
from fitting import fit_as_asked
from prefect import flow, task

fitting = task(fitted)


@flow
def train(runId: str, outputs: str, data: str, c: float = 1.0, wait: int = 0) -> None:
    fitting(runId, outputs, data, c, wait)


@flow
def fit(runId: str, outputs: str, inputs: dict[str, str], hyperparameters: dict[str, str], environment: dict[str, str]) -> None:
    """As a trainer asks for it."""
    fit_as_asked(runId=runId, outputs=outputs, inputs=inputs, hyperparameters=hyperparameters, environment=environment)


@flow
def forget(runId: str, outputs: str) -> None:
    """Leaves nothing."""


if __name__ == "__main__":
    from prefect import serve

    serve(train.to_deployment("nightly"), fit.to_deployment("fit"), forget.to_deployment("forget"), print_starting_message=False)
