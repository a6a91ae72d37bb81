"""What a user does once: a project, and a collector with a reference and a test suite. `prepare.py <name> <workspace> <collector> <secret> <reference.json>`."""

import json
import sys

import pandas as pd
from evidently.legacy.collector.client import CollectorClient
from evidently.legacy.collector.config import CollectorConfig, ReportConfig, RowsCountTrigger
from evidently.legacy.test_suite import TestSuite
from evidently.legacy.tests import TestColumnDrift
from evidently.legacy.ui.workspace import RemoteWorkspace

name, workspace, collector, secret, file = sys.argv[1:]
with open(file) as content:
    reference = pd.DataFrame(json.load(content))
project = RemoteWorkspace(workspace, secret=secret).create_project(name)
suite = TestSuite(tests=[TestColumnDrift(column_name=column) for column in reference.columns])
suite.run(reference_data=reference, current_data=reference)
report = ReportConfig.from_test_suite(suite)
config = CollectorConfig(trigger=RowsCountTrigger(rows_count=1), report_config=report, project_id=str(project.id), api_url=workspace, api_secret=secret)
client = CollectorClient(collector, secret=secret)
client.create_collector(name, config)
client.set_reference(name, reference)
print(project.id)
