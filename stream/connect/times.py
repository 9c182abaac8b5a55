"""Reads times as sources write them, and corrects the sender's clock. Source: docs/connect.md, 2.3."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from stream.connect.reading import number

EARLIEST: Final = 946_684_800_000
"""The year 2000 in ms. No event of a shop is older."""

LATEST: Final = 10**15
LONGEST: Final = 64
"""Characters of a written time."""


def moment(value: Any) -> int | None:
    """The time in ms. Reads ISO 8601 (UTC without a zone), or seconds, ms, µs or ns since 1970."""
    if (
        type(value) is str and value[4:5] == "-"
    ):  # most are so, and it takes long to see that they are no number
        at = _calendar(value)
    else:
        found = number(value)
        at = _epoch(found) if found is not None else _calendar(value)
    return at if at is not None and EARLIEST <= at <= LATEST else None


def _epoch(count: float) -> int:
    for bound, unit in ((1e11, 1000.0), (1e14, 1.0), (1e17, 0.001)):
        if abs(count) < bound:
            return int(count * unit)
    return int(count * 0.000_001)


def _calendar(value: Any) -> int | None:
    return _written(value) if isinstance(value, str) and len(value) <= LONGEST else None


@lru_cache(1_024)
def _written(value: str) -> int | None:
    try:
        read = datetime.fromisoformat(value.strip())
        aware = read if read.tzinfo else read.replace(tzinfo=UTC)
        return round(aware.timestamp() * 1000)
    except (ValueError, OverflowError):
        return None


def client_time(arrival: int, sent_at: Any, original: Any, server: bool = False) -> int | None:
    """When it happened (ms), by our clock. The sender's two times only give the time that the event waited.

    A single time is used from a server only. A browser's clock may be wrong.
    """
    sent, happened = moment(sent_at), moment(original)
    if happened is None:
        return None
    if sent is not None:
        return _within(arrival - max(0, sent - happened), arrival)
    return _within(happened, arrival) if server else None


def _within(at: int, arrival: int) -> int | None:
    return min(at, arrival) if at >= EARLIEST else None
