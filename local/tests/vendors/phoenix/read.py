"""Reads a project's spans with Phoenix's own client, which is told where by the binding's variables alone."""

import json
import os

from phoenix.client import Client

print(json.dumps(Client().spans.get_spans(project_identifier=os.environ["PHOENIX_PROJECT_NAME"])))
