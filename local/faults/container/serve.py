"""A model server by SageMaker's container contract: it answers each row with its sum, after as many seconds as `SLOW`
says when the first number is that; a broken model answers 500."""

import json
import os
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

SLOW = 9
broken = json.loads((Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml")) / "model/model.json").read_text())["broken"]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(200, "")

    def do_POST(self) -> None:
        text = self.rfile.read(int(self.headers["Content-Length"])).decode()
        rows = [[float(value) for value in line.split(",")] for line in text.split()]
        if rows[0][0] == SLOW:
            time.sleep(SLOW)
        self._answer(500 if broken else 200, json.dumps({"predictions": [sum(row) for row in rows]}))

    def _answer(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())


ThreadingHTTPServer(("127.0.0.1", int(os.environ["SAGEMAKER_BIND_TO_PORT"])), Handler).serve_forever()
