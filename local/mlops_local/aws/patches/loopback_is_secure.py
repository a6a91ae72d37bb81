"""Bucket policies that demand TLS would refuse every local request: a loopback connection counts as secure."""

import ministack.app
from ministack.core import iam_evaluator

LOOPBACK = ("127.0.0.1", "::1")


def apply() -> None:
    pin = iam_evaluator.pin_request_origin

    def pin_request_origin(source_ip: str, secure_transport: bool) -> None:
        pin(source_ip, secure_transport or source_ip in LOOPBACK)

    iam_evaluator.pin_request_origin = pin_request_origin
    ministack.app.pin_request_origin = pin_request_origin
