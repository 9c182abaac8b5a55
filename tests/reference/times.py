"""Durations, hashes and times of day: the arithmetic of sections 1, 7 and 8."""

import hashlib
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_UNITS = (("ms", 1), ("s", SECOND), ("m", MINUTE), ("h", HOUR), ("d", DAY))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def duration(written: str | int) -> int:
    """Milliseconds of a duration: `90m` -> 5400000; the number 0 disables a guard."""
    if written == "0" or not isinstance(written, str):
        return int(written)
    for unit, size in _UNITS:
        if written.endswith(unit) and written[: -len(unit)].isdigit():
            return int(written[: -len(unit)]) * size
    raise ValueError(f"not a duration: {written!r}")


def bucket(word: str, recipe: str, person: str) -> int:
    """The person's bucket from 0 to 9999 for a holdout or an arm (section 7, guard 8)."""
    digest = hashlib.sha256(f"{word}|{recipe}|{person}".encode()).hexdigest()
    return int(digest[:8], 16) % 10000


def hundredths(percent: float) -> Decimal:
    """A percentage, as written, in hundredths of a percent."""
    return Decimal(str(percent)) * 100


def trigger_id(recipe: str, person: str, origin: str, key_time: int, step: int) -> str:
    """Section 8: the first 32 hex digits of SHA-256."""
    text = f"{recipe}|{person}|{origin}|{key_time}|{step}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def rfc3339(time: int) -> str:
    """`1772452800000` -> `2026-03-02T12:00:00.000Z`."""
    moment = _EPOCH + timedelta(milliseconds=time)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def zone(name: str | None, otherwise: str) -> ZoneInfo:
    """The zone of that name; if there is none, the other one."""
    for candidate in (name, otherwise):
        try:
            return ZoneInfo(candidate or "")
        except (ValueError, OSError, KeyError):
            continue
    return ZoneInfo("UTC")


def is_quiet(time: int, quiet: dict[str, Any], where: ZoneInfo) -> bool:
    """Whether the local minute of `time` lies in [from, to), which may go over midnight."""
    local = (_EPOCH + timedelta(milliseconds=time)).astimezone(where).strftime("%H:%M")
    start, end = quiet["from"], quiet["to"]
    if start <= end:
        return bool(start <= local < end)
    return bool(local >= start or local < end)


def quiet_until(time: int, quiet: dict[str, Any], where: ZoneInfo) -> int:
    """The first full minute after `time` outside the quiet hours."""
    minute = time - time % MINUTE + MINUTE
    while is_quiet(minute, quiet, where):
        minute += MINUTE
    return minute
