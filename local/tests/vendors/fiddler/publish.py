"""Publishes events with Fiddler's own client: `publish.py <url> <key> <model> <events>`."""

import json
import sys

import fiddler
from fiddler.entities.events import EventPublisher

url, key, model, events = sys.argv[1:]
fiddler.init(url=url, token=key)
print(EventPublisher(model).publish_stream(json.loads(events)))
