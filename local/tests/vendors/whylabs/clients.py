"""Does with the clients of WhyLabs what the monitor does: `clients.py log <url> <password> <milliseconds> <table>`, `clients.py results <url> <key> <interval>`, `clients.py profile <table>`."""

import json
import sys

import whylabs_client
import whylogs_container_client as container
from whylabs_client.api.data_api import DataApi
from whylabs_client.model.analysis_results_request import AnalysisResultsRequest
from whylogs_container_client.api.profile import log as container_log
from whylogs_container_client.models import LogMultiple, LogRequest
from whylogs.core import DatasetProfile


def log(url: str, password: str, milliseconds: str, table: str) -> int:
    client = container.AuthenticatedClient(base_url=url, token=password, prefix="", auth_header_name="X-API-Key")
    request = LogRequest(dataset_id="model-1", timestamp=int(milliseconds), multiple=LogMultiple(**json.loads(table)))
    return container_log.sync_detailed(client=client, body=request).status_code


def results(url: str, key: str, interval: str) -> list[dict]:
    client = whylabs_client.ApiClient(whylabs_client.Configuration(host=url, api_key={"ApiKeyAuth": key}))
    request = AnalysisResultsRequest(interval=interval, offset=0, limit=10_000, only_anomalies=False, include_failures=True)
    answer = DataApi(client).analysis_results_data("org-0", "model-1", request)
    return [{"check": it.analyzer_id, "anomaly": it.is_anomaly, "failed": it.failed_analysis} for it in answer.results]


def profile(table: str) -> dict[str, dict]:
    profiled, known = DatasetProfile(), json.loads(table)
    for row in known["data"]:
        profiled.track(row=dict(zip(known["columns"], row, strict=True)))
    columns = profiled.view().get_columns()
    return {name: {"n": column.get_metric("counts").n.value, "mean": column.get_metric("distribution").mean.value} for name, column in columns.items()}


verb, *given = sys.argv[1:]
print(json.dumps({"log": log, "results": results, "profile": profile}[verb](*given)))
