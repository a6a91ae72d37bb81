"""Data capture: what an endpoint was asked and answered, as JSON lines in S3, written off the path of the requests."""

from __future__ import annotations

import base64
import json
import random
import threading
import time
import uuid
from collections import deque
from datetime import datetime, timezone

from botocore.exceptions import BotoCoreError, ClientError

from mlops_local.sagemaker import s3_data, store
from mlops_local.sagemaker.clients import client, role_environment

_FLUSH_SECONDS = 1.0
_CLIENT_SECONDS = 3600.0
_MOST_WAITING = 100_000


class Capture:
    """Takes one endpoint's records and writes them, by variant, about once a second."""

    def __init__(self, endpoint: str, config: dict, role_arn: str) -> None:
        self.config = config
        self._endpoint = endpoint
        self._role_arn = role_arn
        self._modes = {option["CaptureMode"] for option in config["CaptureOptions"]}
        headers = config.get("CaptureContentTypeHeader", {})
        self._csv = set(headers.get("CsvContentTypes", []))
        self._json = set(headers.get("JsonContentTypes", []))
        self._waiting: deque[tuple[str, dict]] = deque(maxlen=_MOST_WAITING)
        self._stopped = threading.Event()
        self._writing = threading.Lock()
        self._s3 = None
        self._s3_made = 0.0
        store.in_background(f"capture-{endpoint}", self._run)

    def add(self, variant: str, request: tuple[str, bytes], answer: tuple[str, bytes],
            inference_id: str | None) -> None:
        """Keep one successful request and its answer, if the sampling takes it."""
        if random.random() * 100 >= self.config["InitialSamplingPercentage"]:
            return
        self._waiting.append((variant, {
            "request": request, "answer": answer, "inference_id": inference_id, "time": datetime.now(timezone.utc),
        }))

    def flush(self) -> None:
        with self._writing:
            taken = [self._waiting.popleft() for _ in range(len(self._waiting))]
            for variant in dict.fromkeys(variant for variant, _ in taken):
                records = [record for name, record in taken if name == variant]
                try:
                    self._write(variant, records)
                except (BotoCoreError, ClientError) as error:
                    lost = f"data capture of endpoint {self._endpoint} lost {len(records)} record(s)"
                    print(f"{lost}: {error}", flush=True)

    def stop(self) -> None:
        self._stopped.set()
        self.flush()

    def _run(self) -> None:
        while not self._stopped.wait(_FLUSH_SECONDS):
            self.flush()

    def _write(self, variant: str, records: list[dict]) -> None:
        first = records[0]["time"]
        name = f"{first:%M-%S}-{first.microsecond // 1000:03d}-{uuid.uuid4()}.jsonl"
        uri = s3_data.join(self.config["DestinationS3Uri"], self._endpoint, variant, f"{first:%Y/%m/%d/%H}", name)
        bucket, key = s3_data.split(uri)
        lines = "".join(json.dumps(self._record(record), separators=(",", ":")) + "\n" for record in records)
        encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": self.config["KmsKeyId"]} if self.config.get(
            "KmsKeyId") else {}
        self._client().put_object(Bucket=bucket, Key=key, Body=lines.encode(), ContentType="application/x-jsonlines",
                                  **encryption)

    def _client(self):
        """The role's session ends after hours: make a new one in time."""
        if self._s3 is None or time.monotonic() - self._s3_made > _CLIENT_SECONDS:
            self._s3 = client("s3", role_environment(self._role_arn, "SageMaker"))
            self._s3_made = time.monotonic()
        return self._s3

    def _record(self, record: dict) -> dict:
        captured = {}
        if self._modes & {"Input", "InputAndOutput"}:
            captured["endpointInput"] = self._side("INPUT", *record["request"])
        if self._modes & {"Output", "InputAndOutput"}:
            captured["endpointOutput"] = self._side("OUTPUT", *record["answer"])
        moment = record["time"]
        metadata = {"eventId": str(uuid.uuid4()), "inferenceTime": f"{moment:%Y-%m-%dT%H:%M:%SZ}"}
        if record["inference_id"]:
            metadata["inferenceId"] = record["inference_id"]
        return {"captureData": captured, "eventMetadata": metadata, "eventVersion": "0"}

    def _side(self, mode: str, content_type: str, body: bytes) -> dict:
        data, encoding = self._encoded(content_type.partition(";")[0].strip().lower(), body)
        return {"observedContentType": content_type, "mode": mode, "data": data, "encoding": encoding}

    def _encoded(self, content_type: str, body: bytes) -> tuple[str, str]:
        """Content types that the configuration does not list are written in base64, as on AWS."""
        for known, encoding in ((self._csv, "CSV"), (self._json, "JSON")):
            if content_type in known:
                return body.decode(errors="replace"), encoding
        return base64.b64encode(body).decode(), "BASE64"
