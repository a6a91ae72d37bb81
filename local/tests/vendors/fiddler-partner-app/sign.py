"""Signs as the package `sagemaker` does, with the keys and the app of its environment: `sign.py <method> <url> <headers> <body> <time>`."""

import json
import sys
from datetime import datetime
from unittest import mock

from sagemaker.partner_app import PartnerAppAuthProvider

method, url, headers, body, time = sys.argv[1:]
# Of all that it does, the time alone is given.
with mock.patch("botocore.auth.get_current_datetime", return_value=datetime.strptime(time, "%Y%m%dT%H%M%SZ")):  # noqa: DTZ007
    _, signed = PartnerAppAuthProvider().get_signed_request(url, method, json.loads(headers), body.encode() or None)
print(json.dumps(signed))
