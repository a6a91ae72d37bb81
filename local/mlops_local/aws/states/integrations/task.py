"""One attempt of a Task state."""

from dataclasses import dataclass
from typing import Any

from ministack.core.responses import get_region

from mlops_local.aws import auth
from mlops_local.aws.states.scope import Scope

CALLBACK = ".waitForTaskToken"
JOB = ".sync"
JOB_2 = ".sync:2"


@dataclass(frozen=True)
class Task:
    resource: str
    arguments: Any
    role_arn: str
    execution: dict
    state_name: str
    scope: Scope
    token: str | None = None
    heartbeat_seconds: float | None = None

    @property
    def action(self) -> str:
        """`createTrainingJob.sync` of `arn:aws:states:::sagemaker:createTrainingJob.sync`."""
        return self.resource.split(":::")[-1].split(":", 1)[-1] if ":::" in self.resource else self.resource

    @property
    def resource_type(self) -> str:
        return self.resource.split(":::")[-1].split(":")[0] if ":::" in self.resource else "lambda"

    @property
    def operation(self) -> str:
        """The action without its service and its pattern."""
        name = self.resource.removesuffix(CALLBACK).removesuffix(JOB_2).removesuffix(JOB)
        return name.rsplit(":", 1)[-1]

    @property
    def service(self) -> str:
        """`sagemaker` of `arn:aws:states:::aws-sdk:sagemaker:describeTrainingJob`."""
        parts = self.resource.split(":::")[-1].split(":")
        return parts[1] if parts[0] == "aws-sdk" else parts[0]

    @property
    def waits_for_job(self) -> bool:
        return JOB in self.resource

    @property
    def region(self) -> str:
        return get_region()

    def authorize(self, action: str, resource: str, context: dict | None = None) -> None:
        """Raises auth.AccessDenied unless the state machine's role may do the action."""
        auth.authorize(self.role_arn, action, resource, context, session_name=auth.service_session(self.role_arn))
