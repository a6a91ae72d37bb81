"""The scikit-learn image's serving contract: /ping and /invocations on SAGEMAKER_BIND_TO_PORT.

The user's module (SAGEMAKER_PROGRAM, `inference` by default) gives model_fn and, where it wants, input_fn, predict_fn,
output_fn or transform_fn; SageMaker's own inference toolkit calls them.
"""

from __future__ import annotations

import os
import socket
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
from sagemaker_inference import content_types, decoder, environment
from sagemaker_inference.default_inference_handler import DefaultInferenceHandler
from sagemaker_inference.transformer import Transformer

BASE = os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml")
MODEL_FOLDER = os.path.join(BASE, "model")
# A source archive that the model's environment names is unpacked here before the container starts.
CODE_FOLDERS = (os.path.join(BASE, "code"), os.path.join(MODEL_FOLDER, "code"))


class ScikitLearnHandler(DefaultInferenceHandler):
    """The image's defaults: text becomes 32-bit floats, and the model predicts."""

    def default_input_fn(self, input_data, content_type, context=None):
        array = decoder.decode(input_data, content_type)
        return array.astype(np.float32) if content_type in content_types.UTF8_TYPES else array

    def default_predict_fn(self, data, model, context=None):
        return model.predict(data)


class Request:
    """What the toolkit's transformer expects of its model server: one request's headers, and its answer's status."""

    def __init__(self, headers: dict[str, str]) -> None:
        self.system_properties = {"model_dir": MODEL_FOLDER}
        self.request_processor = [self]
        self.status = 200
        self.content_type = "text/plain"
        self._headers = headers

    def get_request_properties(self) -> dict[str, str]:
        return self._headers

    def set_response_status(self, code: int, phrase: str) -> None:
        self.status = code

    def set_response_content_type(self, _index: int, content_type: str) -> None:
        self.content_type = content_type


class Handler(BaseHTTPRequestHandler):
    """One connection to the model server; it stays open for many requests."""

    protocol_version = "HTTP/1.1"
    transformer: Transformer

    def setup(self) -> None:
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().setup()

    def do_GET(self) -> None:  # noqa: N802 - the base class's name
        self._answer(200 if self.path == "/ping" else 404, b"", "text/plain")

    def do_POST(self) -> None:  # noqa: N802 - the base class's name
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path != "/invocations":
            self._answer(404, b"", "text/plain")
            return
        content_type = self.headers.get("Content-Type", "application/json").partition(";")[0].strip()
        request = Request({"Content-Type": content_type, "Accept": self.headers.get("Accept", "*/*")})
        answer = self.transformer.transform([{"body": body}], request)[0]
        if request.status >= 400:
            print(answer, file=sys.stderr, flush=True)
        content = answer if isinstance(answer, bytes) else str(answer).encode()
        self._answer(request.status, content, request.content_type)

    def _answer(self, status: int, body: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self._headers_buffer.append(b"\r\n")
        self._headers_buffer.append(body)  # one packet instead of two
        self.flush_headers()

    def log_request(self, code="-", size="-") -> None:
        """The target counts requests; the log is for the model's own words."""


def main() -> None:
    sys.path[:0] = [folder for folder in CODE_FOLDERS if os.path.isdir(folder)]
    environment.model_dir = MODEL_FOLDER
    Handler.transformer = Transformer(ScikitLearnHandler())
    Handler.transformer.validate_and_initialize(model_dir=MODEL_FOLDER)
    ThreadingHTTPServer.request_queue_size = 128
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080"))), Handler)
    server.daemon_threads = True
    server.serve_forever()


if __name__ == "__main__":
    main()
