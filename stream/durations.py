"""Durations and the units of time. All times are integer milliseconds since the epoch, UTC."""

import re

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

UNITS = {"ms": 1, "s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}
PATTERN = re.compile(r"(0|[1-9][0-9]{0,11})(ms|s|m|h|d)")


def parse(text: str | int) -> int:
    """Milliseconds of `500ms 30s 5m 1h 7d`; the bare number 0 needs no unit. ValueError otherwise."""
    if text in {0, "0"}:
        return 0
    match = PATTERN.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f"expected a duration such as 500ms, 30s, 5m, 1h or 7d, got {text!r}")
    return int(match[1]) * UNITS[match[2]]
