"""Starts Evidently's collector: `collector.py <port> <secret>`."""

import sys

from evidently.legacy.collector.app import run

run(port=int(sys.argv[1]), secret=sys.argv[2])
