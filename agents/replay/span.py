"""From where to where an export reads: times, or offsets of partitions. Pure, but for what `now` says."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from stream import durations
from stream.events.words import BOUND

Bound = int | dict[int, int]
"""A time in ms, or offsets by partition."""

OFFSETS: Final = re.compile(r"\d{1,6}:\d{1,18}(,\d{1,6}:\d{1,18})*", re.ASCII)
DIGITS: Final = re.compile(r"\d{10,16}", re.ASCII)
"""Fewer digits are no time in ms of this century, and may be a year."""

TIMES: Final = (
    "2026-11-28, 2026-11-28T12:30, 2026-11-28T12:30+01:00 (without a zone: UTC), ms since 1970, today, yesterday, "
    "36h (so long ago)"
)
FORMS: Final = f"{TIMES}, or offsets by partition, 0:1200,1:980"


class OffsetSpan(NamedTuple):
    """Offsets of one partition: from `start` to before `end`."""

    start: int
    end: int


def bound(text: str, now: datetime) -> Bound:
    """What a `--from` or a `--to` says. Raises ValueError with what is expected."""
    word = text.strip().lower()
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if word in ("today", "yesterday"):
        return _ms(midnight - timedelta(days=word == "yesterday"))
    if OFFSETS.fullmatch(word):
        pairs = [(int(p), int(o)) for p, o in (each.split(":") for each in word.split(","))]
        if len(dict(pairs)) < len(pairs):
            raise ValueError(f"{text!r} names a partition twice")
        return dict(pairs)
    if DIGITS.fullmatch(word) and int(word) <= BOUND:
        return int(word)
    try:
        return _ms(now) - durations.parse(word)
    except ValueError:
        pass
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"expected {FORMS}; got {text!r}") from None
    return max(0, _ms(found if found.tzinfo else found.replace(tzinfo=UTC)))


def time(text: str, now: datetime) -> int:
    """A bound that is a time, in ms. Raises ValueError with what is expected."""
    found = bound(text, now)
    if isinstance(found, dict):
        raise ValueError(f"expected {TIMES}; got {text!r}")
    return found


def _ms(time: datetime) -> int:
    return (time - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def offsets(spans: dict[int, OffsetSpan], end: bool) -> str:
    """In the form that `--from` and `--to` take."""
    return ",".join(
        f"{number}:{span.end if end else span.start}" for number, span in sorted(spans.items())
    )
