"""A team's jobs: what they are given is the configuration of the resource `mlops`."""

from dagster import ConfigurableResource, Definitions, job, op
from fitting import fit, fit_as_asked


class Given(ConfigurableResource):
    """What each run is given."""

    runId: str
    outputs: str
    data: str = ""
    wait: int = 0


class Asked(ConfigurableResource):
    """As a trainer asks for it."""

    runId: str
    outputs: str
    inputs: dict[str, str]
    hyperparameters: dict[str, str]
    environment: dict[str, str]


@op
def train(mlops: Given) -> None:
    fit(mlops.runId, mlops.outputs, mlops.data, wait=mlops.wait)


@op
def train_as_asked(mlops: Asked) -> None:
    fit_as_asked(**{name: getattr(mlops, name) for name in Asked.model_fields})


@op
def forget(mlops: Given) -> None:
    """Leaves nothing."""


@job(resource_defs={"mlops": Given.configure_at_launch()})
def nightly() -> None:
    train()


@job(resource_defs={"mlops": Asked.configure_at_launch()})
def fitted() -> None:
    train_as_asked()


@job(resource_defs={"mlops": Given.configure_at_launch()})
def forgetful() -> None:
    forget()


defs = Definitions(jobs=[nightly, fitted, forgetful])
