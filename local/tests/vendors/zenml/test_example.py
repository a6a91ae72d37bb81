"""examples/zenml-on-top: the deployed stack is a stack of ZenML's, whose pipeline trains what the loop then serves."""

import json

from vendors.server import Server


def test_a_pipeline_on_the_exported_stack_trains_and_the_loop_serves_its_model(target, s3):
    code, report = target.up("--example", "zenml-on-top")

    assert code == 0, report
    assert report["modelVersion"]["status"] == "Approved"
    assert report["heldOut"]["accuracy"] > 0.9
    zenml = Server(report["components"]["model-trainer"]["address"], {"authorization": f"Bearer {keys(target)['key']}"})
    run = zenml.ask(f"/api/v1/runs/{report['trainingJob']['name']}?hydrate=true")[1]
    assert (run["body"]["status"], run["resources"]["stack"]["name"]) == ("completed", "zenml-on-top")
    step, = [step for step in zenml.ask(f"/api/v1/steps?pipeline_run_id={run['id']}&name=fit")[1]["items"]]
    assert step["body"]["status"] == "completed"
    # Its artifacts and its model lie in the deployed stack's store.
    store = report["components"]["artifact-store"]["address"]
    assert s3.list_objects_v2(Bucket=store.removeprefix("s3://"), Prefix="zenml/fit/")["KeyCount"] > 0
    assert report["trainingJob"]["artifact"].startswith(f"{store}/training/")


def keys(target) -> dict[str, str]:
    return json.loads(target.client("secretsmanager").get_secret_value(SecretId="vendor/zenml")["SecretString"])
