"""Starts the successor, the tracker of examples/bring-your-own-vendor, and keeps the token of a Neptune that is no more."""

import base64
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "bring-your-own-vendor"))

import servers  # noqa: E402

# A token carries the address of its server. Nobody listens on the discard port.
GONE = f"http://{servers.HOST}:9"
TOKEN = {"api_address": GONE, "api_url": GONE, "api_key": "expired"}

servers.keep("vendor/neptune", base64.b64encode(json.dumps(TOKEN).encode()).decode())
servers.main("tracker")
