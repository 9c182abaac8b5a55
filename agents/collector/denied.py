"""The HTTP answers to a post that is not accepted."""

from collections.abc import Mapping
from math import ceil
from typing import Any, Final

AGAIN_S: Final = 2
"""Retry-After (s) while Kafka accepts no events."""


class Denied(Exception):
    """An unsuccessful answer with its headers. `answer`: its body, for JSON."""

    def __init__(self, status: int, answer: Any, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status)
        self.status = status
        self.answer = answer
        self.headers = headers or {}


def denied(status: int, fault: str) -> Denied:
    return Denied(status, {"fault": fault})


def too_many(wait_s: float) -> Denied:
    return Denied(429, {"fault": "too many events"}, {"Retry-After": str(ceil(wait_s))})


def not_now() -> Denied:
    fault = {"fault": "Kafka does not take it now"}
    return Denied(503, fault, {"Retry-After": str(AGAIN_S)})


UNREAD: Final = frozenset({408, 413, 415})
"""Statuses after which the rest of the body is not read and the connection is closed."""
