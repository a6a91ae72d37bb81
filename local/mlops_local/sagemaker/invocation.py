"""InvokeEndpoint: from the caller's request to the model server and back."""

from __future__ import annotations

import http.client
import time

from ministack.core.responses import get_account_id, get_region

from mlops_local.sagemaker.capture import Capture
from mlops_local.sagemaker.endpoint_metrics import EndpointMetrics, Invocation
from mlops_local.sagemaker.errors import ApiError
from mlops_local.sagemaker.fleet import Traffic
from mlops_local.sagemaker.model_server import INVOKE_SECONDS, ModelServer

_VARIANT = "x-amzn-sagemaker-target-variant"
_INFERENCE_ID = "x-amzn-sagemaker-inference-id"
_CUSTOM = "x-amzn-sagemaker-custom-attributes"
DEFAULT_CONTENT_TYPE = "application/json"


class LiveEndpoint:
    """The running side of an endpoint: where its traffic goes, and what watches it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.traffic = Traffic()
        self.metrics = EndpointMetrics(name)
        self.capture: Capture | None = None

    def capture_with(self, spec: dict) -> None:
        """Capture from now on as a configuration says; what is still waiting is written first."""
        previous, config = self.capture, spec["DataCaptureConfig"]
        enabled = config is not None and config.get("EnableCapture", True)
        self.capture = Capture(self.name, config, spec["Variants"][0]["RoleArn"]) if enabled else None
        if previous is not None:
            previous.stop()

    def stop(self) -> None:
        for fleet in self.traffic.fleets():
            fleet.stop()
        self.traffic.send_to()
        self.metrics.stop()
        if self.capture is not None:
            self.capture.stop()

    def invoke(self, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        """Call a variant's container; its errors become ModelError."""
        started = time.monotonic()
        fleet = self.traffic.fleet()
        if fleet is None:
            raise endpoint_not_found(self.name)
        server = fleet.server(headers.get(_VARIANT))
        content_type = headers.get("content-type") or DEFAULT_CONTENT_TYPE
        request_headers = {"Content-Type": content_type, "Accept": headers.get("accept") or "*/*"}
        if _CUSTOM in headers:
            request_headers["X-Amzn-SageMaker-Custom-Attributes"] = headers[_CUSTOM]
        called = time.monotonic()
        try:
            status, answer_headers, answer = server.invoke(request_headers, body)
        except (OSError, http.client.HTTPException) as error:
            self._count(server, 500, started, called, time.monotonic())
            raise self._unreachable(server, error) from None
        self._count(server, status, started, called, time.monotonic())
        if status >= 400:
            raise self._model_error(server, status, answer)
        answer_type = answer_headers.get("Content-Type", "application/octet-stream")
        if self.capture is not None:
            self.capture.add(server.variant, (content_type, body), (answer_type, answer), headers.get(_INFERENCE_ID))
        result = {"Content-Type": answer_type, "x-Amzn-Invoked-Production-Variant": server.variant}
        if "X-Amzn-SageMaker-Custom-Attributes" in answer_headers:
            result["X-Amzn-SageMaker-Custom-Attributes"] = answer_headers["X-Amzn-SageMaker-Custom-Attributes"]
        return 200, result, answer

    def _count(self, server: ModelServer, status: int, started: float, called: float, answered: float) -> None:
        model = (answered - called) * 1e6
        overhead = max(0.0, (called - started) * 1e6)
        self.metrics.add(Invocation(server.variant, status, model, overhead))

    def _model_error(self, server: ModelServer, status: int, answer: bytes) -> ApiError:
        text = answer.decode(errors="replace")
        side = "client" if status < 500 else "server"
        message = (f'Received {side} error ({status}) from primary with message "{text[:1000]}". '
                   f"See the log group /aws/sagemaker/Endpoints/{self.name} in account {get_account_id()} for more "
                   "information.")
        return self._error(server, message, status, text)

    def _unreachable(self, server: ModelServer, error: Exception) -> ApiError:
        if isinstance(error, TimeoutError):
            message = (f"Invocation timed out after {INVOKE_SECONDS:.0f} s while waiting for a response from container "
                       "primary. Review the latency metrics of the container in Amazon CloudWatch, resolve the issue, "
                       "and try again.")
        else:
            message = f"Received server error (0) from primary and could not load the entire response body: {error!r}"
        return self._error(server, message, 0, "")

    def _error(self, server: ModelServer, message: str, status: int, text: str) -> ApiError:
        group = f"arn:aws:logs:{get_region()}:{get_account_id()}:log-group:/aws/sagemaker/Endpoints/{self.name}"
        return ApiError("ModelError", message, status=424, extra={
            "OriginalStatusCode": status,
            "OriginalMessage": text,
            "LogStreamArn": f"{group}:log-stream:{server.log_stream}",
        })


def endpoint_not_found(name: str) -> ApiError:
    return ApiError("ValidationError", f"Endpoint {name} of account {get_account_id()} not found.")
