"""What the stand-ins of vendors' servers share: JSON over HTTP, and 400 with the reason for what the vendor's schemas refuse."""

import gzip
import json
import sys
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def serve(answer: Callable[[str, str, bytes], tuple[int, object]]) -> None:
    """Serves on the port that is the program's argument; `answer` takes method, path and content."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            content = self.rfile.read(int(self.headers.get("content-length") or 0))
            if self.headers.get("content-encoding") == "gzip":
                content = gzip.decompress(content)
            try:
                status, body = answer(self.command, self.path, content)
            except Exception as error:
                status, body = 400, {"fault": f"{type(error).__name__}: {error}"}
            written = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(written)))
            self.end_headers()
            self.wfile.write(written)

        do_GET = do_POST = do_PUT = handle_any

        def log_message(self, *_: object) -> None:
            pass

    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
