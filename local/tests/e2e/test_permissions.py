"""What the roles did in all tests of this folder, against what they may do: it runs last, and only after them all."""

import dataclasses

import pytest
from e2e import grants
from e2e.driver import DECISIONS, GRANTS
from e2e.grants import Allowed, Decision, Unexercised

NO_SUCH_KEY = "only to who may list a bucket does S3 say that an object is missing, and not just forbidden"

# What a role needs on AWS and the local target has no use for. A line that a test uses after all fails, and so does one
# that no role is granted.
UNEXERCISED = [
    Unexercised("*", ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetAuthorizationToken",
                      "ecr:GetDownloadUrlForLayer"),
                "images are pulled from no registry here: the table of images says how each runs"),
    Unexercised("*", ("cloudwatch:PutMetricData",),
                "SageMaker asks for it, for the metrics of the instances: there are none here"),
    Unexercised("*", ("logs:DescribeLogStreams",),
                "SageMaker asks for it beside writing the log; the writer here knows its streams"),
    Unexercised("*", ("s3:AbortMultipartUpload",), "clears away an upload that breaks off, and none does"),
    Unexercised("*", ("logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:DescribeLogGroups",
                      "logs:DescribeResourcePolicies", "logs:GetLogDelivery", "logs:ListLogDeliveries",
                      "logs:PutResourcePolicy", "logs:UpdateLogDelivery"),
                "Step Functions sets up its log with them; here the target itself writes it"),
    Unexercised("*", ("xray:GetSamplingRules", "xray:GetSamplingTargets", "xray:PutTelemetryRecords",
                      "xray:PutTraceSegments"), "there is no X-Ray here"),
    Unexercised("ModelEndpoint/SweepRole", ("logs:CreateLogStream", "logs:PutLogEvents"),
                "Lambda writes a function's log with its role; here the target itself writes it"),
    Unexercised("ExperimentTracker/Role", ("s3:PutObject", "kms:GenerateDataKey"),
                "a client may upload through the app, which the server here leaves to the client"),
    Unexercised("ModelTrainer/Role", ("s3:GetObject",),
                "a job may go on from what an earlier run has logged; ours does not", on="*/mlflow/*"),
    Unexercised("ModelEndpoint/Role", ("s3:ListBucket",), NO_SUCH_KEY),
    Unexercised("Orchestrator/deployment/Role", ("s3:ListBucket",), NO_SUCH_KEY),
    Unexercised("Orchestrator/deployment/Role", ("cloudwatch:DescribeAlarms",),
                "SageMaker's guide asks the execution role for it, and does not say whether the caller needs it too"),
    Unexercised("Orchestrator/deployment/Role", ("states:DescribeExecution",),
                "a run of any pipeline can be inspected; that which holds the turn is always a deployment",
                on="*-training:*"),
]


@pytest.fixture(scope="module")
def run(whole_run: bool, tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Allowed], list[Decision]]:
    """All grants of the stacks that this run has deployed, and what IAM decided for their roles."""
    if not whole_run:
        pytest.skip("a part of the tests does not use every grant: run the whole folder")
    folder = tmp_path_factory.getbasetemp().resolve()
    allowed = [each for file in sorted(folder.glob(f"*{GRANTS}")) for each in grants.saved(file)]
    made = [each for file in sorted(folder.glob(f"*{DECISIONS}")) for each in grants.decisions(file)]
    return allowed, made


def test_every_call_is_granted_and_every_grant_is_used(run):
    assert grants.findings(*run, UNEXERCISED) == []


def test_the_comparison_finds_a_call_without_a_grant_and_a_grant_without_a_call(run):
    allowed, made = run
    taken = next(each for each in allowed if each.grant.action == "sagemaker:CreateTrainingJob")
    without = [each for each in allowed if each.grant.action != "sagemaker:CreateTrainingJob"]
    assert [line for line in grants.findings(without, made, UNEXERCISED) if "sagemaker:CreateTrainingJob" in line]

    idle = dataclasses.replace(taken, grant=dataclasses.replace(taken.grant, action="sagemaker:DeleteTrainingJob"))
    assert grants.findings([*allowed, idle], made, UNEXERCISED) == [f"{idle.grant}, and no test uses it"]


def test_the_comparison_finds_an_excuse_that_is_none(run):
    used = Unexercised("*", ("sagemaker:CreateTrainingJob",), "never")
    gone = Unexercised("*", ("sagemaker:CreateHub",), "never")
    lines = grants.findings(*run, [*UNEXERCISED, used, gone])
    assert len(lines) == 2
    assert any("a test uses it" in line for line in lines)
    assert any("nothing grants sagemaker:CreateHub" in line for line in lines)
