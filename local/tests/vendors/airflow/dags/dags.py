"""A team's DAGs: what they are given is the `conf` of their run."""

from airflow.sdk import Param, dag, task
from fitting import fit, fit_as_asked


@task
def train(dag_run=None) -> None:
    conf = dag_run.conf
    fit(conf["runId"], conf["outputs"], conf["data"], wait=conf["wait"])


@task
def train_as_asked(dag_run=None) -> None:
    """As a trainer asks for it."""
    fit_as_asked(**dag_run.conf)


@task
def forget() -> None:
    """Leaves nothing."""


@dag(dag_id="nightly", schedule=None)
def nightly() -> None:
    train()


@dag(dag_id="fit", schedule=None)
def fitted() -> None:
    train_as_asked()


def forgetful() -> None:
    forget()


nightly()
fitted()
dag(dag_id="forgetful", schedule=None)(forgetful)()
dag(dag_id="paused", schedule=None, is_paused_upon_creation=True)(forgetful)()
dag(dag_id="strict", schedule=None, params={"c": Param(1.0, type="number")})(forgetful)()
