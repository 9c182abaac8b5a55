"""Times as sources write them, and the sender's clock taken out of them. Source: docs/connect.md, 2.3."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from stream.connect.reading import number

EARLIEST: Final = 946_684_800_000
"""The year 2000 in ms: what is before it is no time of a shop."""

LATEST: Final = 10**15


def moment(value: Any) -> int | None:
    """ISO 8601, or a number of seconds, ms, µs or ns since 1970, in ms. Without a zone it is UTC."""
    written = type(value) is str and value[4:5] == "-"
    found = None if written else number(value)
    at = _epoch(found) if found is not None else _calendar(value)
    return at if at is not None and EARLIEST <= at <= LATEST else None


def _epoch(count: float) -> int:
    for bound, unit in ((1e11, 1000.0), (1e14, 1.0), (1e17, 0.001)):
        if abs(count) < bound:
            return int(count * unit)
    return int(count * 0.000_001)


def _calendar(value: Any) -> int | None:
    return _written(value) if isinstance(value, str) and len(value) <= 64 else None


@lru_cache(1_024)
def _written(value: str) -> int | None:
    try:
        read = datetime.fromisoformat(value.strip())
        aware = read if read.tzinfo else read.replace(tzinfo=UTC)
        return round(aware.timestamp() * 1000)
    except (ValueError, OverflowError):
        return None


def client_time(arrival: int, sent_at: Any, original: Any, server: bool = False) -> int | None:
    """When it happened, by our clock: the sender's two times only tell how long it lay there.

    One time alone is kept of a server and never of a browser, whose clock nobody sets.
    """
    sent, happened = moment(sent_at), moment(original)
    if happened is None:
        return None
    if sent is not None:
        return _within(arrival - max(0, sent - happened), arrival)
    return _within(happened, arrival) if server else None


def _within(at: int, arrival: int) -> int | None:
    return min(at, arrival) if at >= EARLIEST else None
