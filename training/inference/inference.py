"""Serves the model of train.py: rows of feature values in, one predicted class per row out.

Requests are text/csv (no header) or application/json: `[[...], ...]`, one row `[...]`, or `{"instances": [...]}`.
Responses are text/csv (one class per line) or application/json (`{"predictions": [...]}`), by the Accept header.
"""
import csv
import io
import json
import os

import joblib
import numpy as np

CSV = "text/csv"
JSON = "application/json"


def model_fn(model_dir):
    return joblib.load(os.path.join(model_dir, "model.joblib"))


def read_csv(body):
    return [row for row in csv.reader(io.StringIO(body)) if row]


def read_json(body):
    document = json.loads(body)
    return document["instances"] if isinstance(document, dict) and "instances" in document else document


def write_csv(predictions):
    return "".join(f"{prediction}\n" for prediction in predictions)


def write_json(predictions):
    return json.dumps({"predictions": predictions})


READERS = {CSV: read_csv, JSON: read_json}
WRITERS = {CSV: write_csv, JSON: write_json}


def input_fn(body, content_type):
    media_type = content_type.split(";")[0].strip().lower()
    if media_type not in READERS:
        raise ValueError(f"the content type must be one of {', '.join(READERS)}, got '{content_type}'")
    text = body.decode("utf-8") if isinstance(body, (bytes, bytearray)) else body
    try:
        rows = np.asarray(READERS[media_type](text), dtype=float)
    except (TypeError, ValueError) as error:
        raise ValueError(f"the request must be rows of numbers, all of the same length: {error}") from None
    if rows.size == 0:
        raise ValueError("the request must hold at least one row, got none")
    return rows.reshape(1, -1) if rows.ndim == 1 else rows


def predict_fn(rows, model):
    if rows.ndim != 2 or rows.shape[1] != model.n_features_in_:
        raise ValueError(f"a row must have {model.n_features_in_} columns, got {rows.shape[-1]}")
    return model.predict(rows)


def output_fn(predictions, accept):
    wanted = [part.split(";")[0].strip().lower() for part in (accept or JSON).split(",")]
    media_type = next((part for part in wanted if part in WRITERS), JSON if "*/*" in wanted else None)
    if media_type is None:
        raise ValueError(f"the Accept header must allow one of {', '.join(WRITERS)}, got '{accept}'")
    return WRITERS[media_type](predictions.tolist()), media_type
