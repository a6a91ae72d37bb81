"""Endpoints answer with a process per variant, and change under traffic."""

import json
import threading
import time

import pytest
from botocore.exceptions import ClientError
from sagemaker_platform import IMAGE, Platform, archive, processes_with, unique


def answering(text: str) -> str:
    return f"""
import numpy as np
def model_fn(folder): return "{text}"
def predict_fn(rows, model): return np.array([model] * len(np.atleast_2d(rows)))
"""


BROKEN = """
def model_fn(folder): return None
def predict_fn(rows, model): raise RuntimeError("the model is broken")
"""
CAPTURE = {
    "EnableCapture": True, "InitialSamplingPercentage": 100,
    "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
    "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"], "JsonContentTypes": ["application/json"]},
}


@pytest.fixture(scope="module")
def endpoint(platform: Platform) -> str:
    name = platform.make_endpoint(platform.make_config(platform.make_model(answering("first"))))
    found = platform.wait_for_endpoint(name)
    assert found["EndpointStatus"] == "InService", found.get("FailureReason")
    return name


def guarded(platform: Platform, endpoint: str, routing: dict) -> dict:
    """A deployment configuration whose alarm watches the endpoint's errors."""
    alarm = unique("alarm")
    platform.cloudwatch.put_metric_alarm(
        AlarmName=alarm, Namespace="AWS/SageMaker", MetricName="Invocation5XXErrors", Statistic="Sum", Period=60,
        EvaluationPeriods=1, Threshold=1, ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="notBreaching",
        Dimensions=[{"Name": "EndpointName", "Value": endpoint}, {"Name": "VariantName", "Value": "variant-1"}])
    return {
        "BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing, "TerminationWaitInSeconds": 600},
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": alarm}]},
    }


CANARY = {"Type": "CANARY", "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 50}, "WaitIntervalInSeconds": 600}
AT_ONCE = {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 600}


def test_a_model_answers(platform: Platform, endpoint: str) -> None:
    answer = platform.runtime.invoke_endpoint(EndpointName=endpoint, ContentType="text/csv", Body="1,2\n3,4")
    assert json.loads(answer["Body"].read()) == ["first", "first"]
    assert answer["ContentType"] == "application/json"
    assert answer["InvokedProductionVariant"] == "variant-1"


def test_a_broken_version_is_rolled_back_while_the_old_one_answers(platform: Platform, endpoint: str) -> None:
    before = platform.endpoint(endpoint)["EndpointConfigName"]
    platform.sagemaker.update_endpoint(
        EndpointName=endpoint, EndpointConfigName=platform.make_config(platform.make_model(BROKEN)),
        DeploymentConfig=guarded(platform, endpoint, CANARY))
    with pytest.raises(ClientError, match="Cannot update in-progress endpoint"):
        platform.sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName=before)
    answers, errors = [], []
    while platform.endpoint(endpoint)["EndpointStatus"] != "InService":
        try:
            answers.append(platform.invoke(endpoint))
        except ClientError as error:
            errors.append(error.response)
        time.sleep(0.05)
    after = platform.endpoint(endpoint)
    assert after["EndpointConfigName"] == before
    assert "went into ALARM state" in after["FailureReason"]
    assert set(answers) == {'["first", "first"]'}
    assert errors[0]["Error"]["Code"] == "ModelError"
    assert errors[0]["OriginalStatusCode"] == 500
    assert "the model is broken" in errors[0]["OriginalMessage"]
    assert platform.invoke(endpoint) == '["first", "first"]'


def test_a_good_version_takes_over_without_a_failed_request(platform: Platform, endpoint: str) -> None:
    config = platform.make_config(platform.make_model(answering("second")))
    ended = threading.Event()
    answers: list[str] = []

    def keep_asking() -> None:
        while not ended.is_set():
            answers.append(platform.invoke(endpoint))

    asking = threading.Thread(target=keep_asking)
    asking.start()
    try:
        platform.sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName=config,
                                           DeploymentConfig=guarded(platform, endpoint, AT_ONCE))
        found = platform.wait_for_endpoint(endpoint)
    finally:
        ended.set()
        asking.join()
    assert found["EndpointConfigName"] == config
    assert "FailureReason" not in found
    assert set(answers) == {'["first", "first"]', '["second", "second"]'}
    assert platform.invoke(endpoint) == '["second", "second"]'


def test_errors_from_before_a_deployment_do_not_roll_it_back(platform: Platform) -> None:
    name = platform.make_endpoint(platform.make_config(platform.make_model(BROKEN)))
    platform.wait_for_endpoint(name)
    config = platform.make_config(platform.make_model(answering("mended")))
    deployment = guarded(platform, name, AT_ONCE)
    with pytest.raises(ClientError, match="the model is broken"):
        platform.invoke(name)
    platform.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=config, DeploymentConfig=deployment)
    found = platform.wait_for_endpoint(name)
    assert found["EndpointConfigName"] == config
    assert "FailureReason" not in found


def test_alarms_that_do_not_exist_are_refused(platform: Platform, endpoint: str) -> None:
    with pytest.raises(ClientError, match="names alarms that do not exist: nowhere"):
        platform.sagemaker.update_endpoint(
            EndpointName=endpoint, EndpointConfigName=platform.endpoint(endpoint)["EndpointConfigName"],
            DeploymentConfig={"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": AT_ONCE},
                              "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "nowhere"}]}})


def test_an_update_that_does_not_start_changes_nothing(platform: Platform, endpoint: str) -> None:
    before = platform.endpoint(endpoint)["EndpointConfigName"]
    config = platform.make_config(platform.make_model("def model_fn(folder): raise OSError('no weights')"))
    platform.sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName=config)
    found = platform.wait_for_endpoint(endpoint)
    assert (found["EndpointStatus"], found["EndpointConfigName"]) == ("InService", before)
    assert "did not pass the ping health check" in found["FailureReason"]
    assert "no weights" in found["FailureReason"]


def test_a_first_start_that_fails_leaves_only_deletion(platform: Platform) -> None:
    config = platform.make_config(platform.make_model("def model_fn(folder): raise OSError('no weights')"))
    name = platform.make_endpoint(config)
    assert platform.wait_for_endpoint(name)["EndpointStatus"] == "Failed"
    with pytest.raises(ClientError, match="it can only be deleted"):
        platform.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=config)
    platform.sagemaker.delete_endpoint(EndpointName=name)
    platform.wait_until_gone(name)


def test_every_invocation_is_captured_and_counted(platform: Platform) -> None:
    prefix = unique("captured")
    config = platform.make_config(platform.make_model(answering("kept")),
                                  DataCaptureConfig={**CAPTURE, "DestinationS3Uri": f"s3://{platform.bucket}/{prefix}"})
    name = platform.make_endpoint(config)
    platform.wait_for_endpoint(name)
    for _ in range(100):
        platform.invoke(name)
    platform.sagemaker.delete_endpoint(EndpointName=name)
    platform.wait_until_gone(name)
    keys = platform.keys(f"{prefix}/{name}/variant-1/")
    records = [json.loads(line) for key in keys for line in platform.read(f"s3://{platform.bucket}/{key}").splitlines()]
    assert len(records) == 100
    assert records[0]["captureData"] == {
        "endpointInput": {"observedContentType": "text/csv", "mode": "INPUT", "data": "1,2\n3,4", "encoding": "CSV"},
        "endpointOutput": {"observedContentType": "application/json", "mode": "OUTPUT", "data": '["kept", "kept"]',
                           "encoding": "JSON"},
    }
    assert set(records[0]["eventMetadata"]) == {"eventId", "inferenceTime"}
    assert records[0]["eventVersion"] == "0"
    counted = platform.cloudwatch.get_metric_statistics(
        Namespace="AWS/SageMaker", MetricName="Invocations", Statistics=["Sum"], Period=3600,
        StartTime=time.time() - 3600, EndTime=time.time() + 60,
        Dimensions=[{"Name": "EndpointName", "Value": name}, {"Name": "VariantName", "Value": "variant-1"}])
    assert sum(point["Sum"] for point in counted["Datapoints"]) == 100


def test_variants_share_the_traffic_by_weight(platform: Platform) -> None:
    config = platform.make_config(platform.make_model(answering("one")), platform.make_model(answering("two")))
    name = platform.make_endpoint(config)
    platform.wait_for_endpoint(name)
    assert len({platform.invoke(name) for _ in range(60)}) == 2
    assert platform.invoke(name, TargetVariant="variant-2") == '["two", "two"]'
    platform.sagemaker.update_endpoint_weights_and_capacities(
        EndpointName=name, DesiredWeightsAndCapacities=[{"VariantName": "variant-1", "DesiredWeight": 0}])
    assert {platform.invoke(name) for _ in range(30)} == {'["two", "two"]'}
    platform.sagemaker.delete_endpoint(EndpointName=name)
    platform.wait_until_gone(name)
    assert not processes_with(name)
    with pytest.raises(ClientError, match="not found"):
        platform.invoke(name)


def test_a_model_package_is_served_with_its_source_archive(platform: Platform) -> None:
    group = unique("group")
    platform.sagemaker.create_model_package_group(ModelPackageGroupName=group)
    data = platform.put("packages/model.tar.gz", archive(weights="7"))
    source = platform.put("packages/sourcedir.tar.gz", archive(serve_it__py="""
import os, numpy as np
def model_fn(folder): return int(open(os.path.join(folder, "weights")).read())
def predict_fn(rows, model): return rows * model
"""))
    package = platform.sagemaker.create_model_package(ModelPackageGroupName=group, InferenceSpecification={
        "Containers": [{"Image": IMAGE, "ModelDataUrl": data, "Environment": {
            "SAGEMAKER_PROGRAM": "serve_it.py", "SAGEMAKER_SUBMIT_DIRECTORY": source}}],
        "SupportedContentTypes": ["text/csv"], "SupportedResponseMIMETypes": ["application/json"]})["ModelPackageArn"]
    model = unique("model")
    platform.sagemaker.create_model(ModelName=model, ExecutionRoleArn=platform.role,
                                    Containers=[{"ModelPackageName": package}])
    name = platform.make_endpoint(platform.make_config(model))
    found = platform.wait_for_endpoint(name)
    assert found["EndpointStatus"] == "InService", found.get("FailureReason")
    assert platform.invoke(name) == "[[7.0, 14.0], [21.0, 28.0]]"
    platform.sagemaker.delete_endpoint(EndpointName=name)
    platform.wait_until_gone(name)


def test_model_data_must_be_there(platform: Platform) -> None:
    with pytest.raises(ClientError, match="Could not access model data at s3://"):
        platform.sagemaker.create_model(
            ModelName=unique("model"), ExecutionRoleArn=platform.role,
            PrimaryContainer={"Image": IMAGE, "ModelDataUrl": f"s3://{platform.bucket}/nowhere.tar.gz"})


def test_an_alarm_set_by_hand_rolls_back(platform: Platform, endpoint: str) -> None:
    before = platform.endpoint(endpoint)["EndpointConfigName"]
    alarm = unique("alarm")
    platform.cloudwatch.put_metric_alarm(
        AlarmName=alarm, Namespace="Own", MetricName="Quality", Statistic="Average", Period=60, EvaluationPeriods=1,
        Threshold=0.5, ComparisonOperator="LessThanThreshold", TreatMissingData="ignore")
    platform.sagemaker.update_endpoint(
        EndpointName=endpoint, EndpointConfigName=platform.make_config(platform.make_model(answering("third"))),
        DeploymentConfig={"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": AT_ONCE},
                          "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": alarm}]}})
    while platform.endpoint(endpoint)["EndpointStatus"] != "InService":
        platform.cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="a person says so")
        time.sleep(0.1)
    found = platform.endpoint(endpoint)
    assert found["EndpointConfigName"] == before
    assert alarm in found["FailureReason"]
