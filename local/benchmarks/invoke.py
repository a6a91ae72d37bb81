"""InvokeEndpoint against the model server behind it, called directly, in turn; capture and IAM are on.

Needs a stack that serves (`npm run local` once). `npm run benchmark -- invoke`
"""

import http.client
import json
import statistics
import time
from pathlib import Path

from benchmarks import figures
from mlops_local.cli import client_environment
from mlops_local.settings import HOST, Settings

CALLS = 300
PORT = b"SAGEMAKER_BIND_TO_PORT="


def main() -> None:
    settings = Settings.from_environment()
    endpoint, row = _served(settings)
    runtime = client_environment.client(settings, "sagemaker-runtime")
    server = http.client.HTTPConnection(HOST, _server_port(settings))
    through, directly = [], []
    for call in range(CALLS + 20):
        began = time.perf_counter()
        runtime.invoke_endpoint(EndpointName=endpoint, ContentType="text/csv", Accept="application/json", Body=row)["Body"].read()
        between = time.perf_counter()
        server.request("POST", "/invocations", row, {"Content-Type": "text/csv", "Accept": "application/json"})
        server.getresponse().read()
        if call >= 20:
            through.append((between - began) * 1000)
            directly.append((time.perf_counter() - between) * 1000)
    print(figures.line("InvokeEndpoint through boto3", through, "ms"))
    print(figures.line("the model server directly", directly, "ms"))
    print(f"over the model server, at the median: {statistics.median(through) - statistics.median(directly):.2f} ms")


def _served(settings: Settings) -> tuple[str, str]:
    """The endpoint that serves, and a row that it takes."""
    sagemaker, s3 = client_environment.client(settings, "sagemaker"), client_environment.client(settings, "s3")
    served = sagemaker.list_endpoints(StatusEquals="InService")["Endpoints"]
    if not served:
        raise SystemExit("no endpoint is InService: run 'npm run local' first")
    ssm = client_environment.client(settings, "ssm")
    stores = [json.loads(parameter["Value"])["address"] for parameter in ssm.get_parameters_by_path(Path="/mlops", Recursive=True)["Parameters"]
              if parameter["Name"].endswith("/artifact-store")]
    bucket = stores[0].removeprefix("s3://")
    return served[0]["EndpointName"], s3.get_object(Bucket=bucket, Key="data/sample.csv")["Body"].read().decode().strip()


def _server_port(settings: Settings) -> int:
    """The port of the model server: a process of this target's, which was given it in its environment."""
    home = str(settings.home).encode()
    for process in Path("/proc").iterdir():
        try:
            environment = (process / "environ").read_bytes().split(b"\0") if process.name.isdigit() else []
        except OSError:
            continue
        ports = [entry[len(PORT):] for entry in environment if entry.startswith(PORT)]
        if ports and any(home in entry for entry in environment):
            return int(ports[0])
    raise SystemExit("no model server of this target runs")


if __name__ == "__main__":
    main()
