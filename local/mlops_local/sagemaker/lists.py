"""Every paged List operation, by one mechanism: filter, sort, cut a page, hand out a token for the next."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from botocore.utils import parse_timestamp

from mlops_local.sagemaker import store
from mlops_local.sagemaker.errors import invalid
from mlops_local.sagemaker.operations import operation

DEFAULT_PAGE = 10


@dataclass(frozen=True)
class Listing:
    """How one List operation finds its items in the store."""

    operation: str
    kind: str
    items: str
    name: str
    status: str = ""
    newest_first: bool = True
    equals: dict[str, str] = field(default_factory=dict)
    accept: Callable[[dict, dict], bool] = lambda params, item: True


def register(listing: Listing) -> None:
    operation(listing.operation)(lambda params: answer(listing, params))


def answer(listing: Listing, params: dict) -> dict:
    """Answer a List request."""
    with store.lock:
        items = [item for item in store.table(listing.kind).values() if _matches(listing, params, item)]
    fields = {"Name": listing.name, "Status": listing.status}
    sort_field = fields.get(params.get("SortBy", "CreationTime"), params.get("SortBy", "CreationTime"))
    descending = params.get("SortOrder", "Descending" if listing.newest_first else "Ascending") == "Descending"
    items.sort(key=lambda item: (_sortable(item.get(sort_field)), item["CreationTime"]), reverse=descending)
    start = _read_token(params.get("NextToken"))
    end = start + params.get("MaxResults", DEFAULT_PAGE)
    page = {listing.items: items[start:end]}
    if end < len(items):
        page["NextToken"] = _write_token(end)
    return page


def _matches(listing: Listing, params: dict, item: dict) -> bool:
    if "NameContains" in params and params["NameContains"].lower() not in str(item.get(listing.name, "")).lower():
        return False
    if "StatusEquals" in params and item.get(listing.status) != params["StatusEquals"]:
        return False
    for time_field in ("CreationTime", "LastModifiedTime"):
        moment = item.get(time_field, item["CreationTime"])
        if f"{time_field}After" in params and not moment > _epoch(params[f"{time_field}After"]):
            return False
        if f"{time_field}Before" in params and not moment < _epoch(params[f"{time_field}Before"]):
            return False
    for parameter, item_field in listing.equals.items():
        if parameter in params and item.get(item_field) != params[parameter]:
            return False
    return listing.accept(params, item)


def _sortable(value) -> tuple:
    return (value is not None, value if isinstance(value, (int, float)) else str(value))


def _epoch(value) -> float:
    moment = value if isinstance(value, datetime) else parse_timestamp(value)
    return moment.timestamp()


def _write_token(position: int) -> str:
    return base64.urlsafe_b64encode(json.dumps({"start": position}).encode()).decode()


def _read_token(token: str | None) -> int:
    if not token:
        return 0
    try:
        return int(json.loads(base64.urlsafe_b64decode(token))["start"])
    except (ValueError, KeyError, TypeError):
        raise invalid(f"Invalid NextToken: {token}") from None
