"""OtlpModelMonitor against Prometheus, which takes OTLP, and its Alertmanager, whose webhook is the verdict."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from e2e.driver import free_port, wait_until
from vendors.looping import is_served
from vendors.server import Server, process
from vendors.watching import Ask, sums

HERE = Path(__file__).parent
USER, PASSWORD, HASH = "ml", "s3cr3t", "$2b$04$RaBtjHmaOiooESXxe8U3a.l5AZInlX2mB1ifhXJeYp1avJzjCSh8m"
RULES = """
groups:
- name: drift
  interval: 1s
  rules:
  - alert: AmountDrift
    expr: sum(mlops_feature_sum{feature="amount"}) / sum(mlops_feature_count{feature="amount"}) > 100
    annotations: {summary: 'the mean of amount is {{ $value }}, more than 100'}
"""
CALM = [(10, 30), (12, 41), (9, 25), (11, 38)]
DRIFTED = [(1000, 30), (1200, 41), (900, 25), (1100, 38)]

pytestmark = pytest.mark.proves("model monitor", "otlp", "Prometheus")


@pytest.fixture(scope="module")
def ports() -> tuple[int, int]:
    return free_port(), free_port()


@pytest.fixture(scope="module")
def machines(deploy, ports):
    return deploy(HERE / "app.ts", f"http://127.0.0.1:{ports[0]}/api/v1/otlp")


@pytest.fixture(scope="module")
def prometheus(target, on_loopback, machines, ports, versions, tmp_path_factory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("prometheus")
    built = target.settings.cache / "vendors" / "otlp"
    prometheus, alertmanager = (f"127.0.0.1:{port}" for port in ports)
    token = {"credentials": "webhook-of-the-test"}
    hook = {"url": on_loopback(target.outputs("otlp")["WebhookUrl"]), "http_config": {"authorization": token}}
    route = {"receiver": "mlops", "group_wait": "0s", "group_interval": "1s"}
    files = {
        "web.yml": {"basic_auth_users": {USER: HASH}},
        "prometheus.yml": {"rule_files": ["rules.yml"], "alerting": {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]}},
        "alertmanager.yml": {"route": route, "receivers": [{"name": "mlops", "webhook_configs": [hook]}]},
    }
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content))  # JSON is YAML
    (folder / "rules.yml").write_text(RULES)
    # Prometheus keeps totals: it adds the deltas up.
    receive = ["--web.enable-otlp-receiver", "--enable-feature=otlp-deltatocumulative", "--web.config.file=web.yml", f"--web.listen-address={prometheus}"]
    alert = [f"--web.listen-address={alertmanager}", "--cluster.listen-address=", "--storage.path=alerts"]
    server = Server(f"http://{prometheus}", {"authorization": f"Basic {base64.b64encode(f'{USER}:{PASSWORD}'.encode()).decode()}"})
    with (
        process([str(built / "alertmanager" / "alertmanager"), "--config.file=alertmanager.yml", *alert], folder, {}) as alerts,
        process([str(built / "prometheus" / "prometheus"), "--config.file=prometheus.yml", *receive], folder, {}) as started,
    ):
        Server(f"http://{alertmanager}").wait("/-/ready", alerts)
        server.wait("/-/ready", started)
        versions["Prometheus"] = server.ask("/api/v1/status/buildinfo")[1]["data"]["version"]
        yield server


@pytest.fixture(scope="module")
def endpoint(target, s3, machines) -> Ask:
    return sums(target, s3, machines["Deploy"], "watched")


def value(prometheus: Server, query: str) -> float | None:
    status, answer = prometheus.ask(f"/api/v1/query?{urlencode({'query': query})}")
    assert status == 200, answer
    return next((float(found["value"][1]) for found in answer["data"]["result"]), None)


def test_prometheus_knows_its_callers(prometheus):
    assert Server(prometheus.url).ask("/api/v1/otlp/v1/metrics", {})[0] == 401


def test_calm_traffic_arrives_and_nothing_is_told(prometheus, endpoint, told):
    endpoint(CALM)

    wait_until(lambda: value(prometheus, "sum(mlops_inferences_total)") == len(CALM), "the traffic arrives", 60)
    assert value(prometheus, 'sum(mlops_feature_sum{feature="amount"})') == sum(amount for amount, _ in CALM)
    assert value(prometheus, 'sum(mlops_feature_sum{feature="age"})') == sum(age for _, age in CALM)
    assert value(prometheus, "sum(mlops_prediction_sum)") == sum(map(sum, CALM))
    assert told("DriftUrl", 5) == told("UnhealthyUrl") == []


def test_drifted_traffic_gives_a_verdict(prometheus, endpoint, told):
    endpoint(DRIFTED)

    event, = wait_until(lambda: told("DriftUrl"), "the drift is told", 90)
    unhealthy, = wait_until(lambda: told("UnhealthyUrl"), "the model is unhealthy", 60)

    assert (event.pop("at"), unhealthy.pop("at")) > ("2020", "2020")
    mean = float(event["reason"].removeprefix("the mean of amount is ").removesuffix(", more than 100"))
    assert event["check"] == "AmountDrift"
    assert 100 < mean < 1200
    assert unhealthy == {"alarm": "AmountDrift", "state": "ALARM", "reason": event["reason"]}


def test_traffic_that_is_refused_is_kept(target, prometheus, endpoint, told):
    """After the tests before, whose traffic another monitor with a wrong password was to forward too."""
    queue = target.outputs("otlp")["RefusedUrl"]
    found = target.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]

    kept = int(found["ApproximateNumberOfMessages"]) + int(found["ApproximateNumberOfMessagesNotVisible"])
    assert kept >= 2


def test_prometheus_watches_the_full_stack(target, prometheus, tmp_path):
    target.client("secretsmanager").create_secret(Name="vendor/prometheus", SecretString=json.dumps({"password": PASSWORD, "webhook": "webhook-of-the-test"}))
    before = value(prometheus, "sum(mlops_inferences_total)")

    report = is_served(target, tmp_path, "monitor", {
        "provider": "otlp", "url": f"{prometheus.url}/api/v1/otlp", "username": USER, "secret": "vendor/prometheus", "field": "password",
        "signals": ["metrics"], "webhookSecret": "vendor/prometheus", "webhookField": "webhook",
    })  # fmt: skip

    wait_until(lambda: value(prometheus, "sum(mlops_inferences_total)") >= before + report["heldOut"]["rows"], "the held-out rows arrive", 60)
