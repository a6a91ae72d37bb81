"""Starts the tracker of examples/bring-your-own-vendor, as that example does, without its endpoint."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "bring-your-own-vendor"))

import servers  # noqa: E402

servers.main("tracker")
