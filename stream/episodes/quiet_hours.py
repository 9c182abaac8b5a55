"""Quiet hours in the person's time zone. Source: docs/semantics.md, 7.

Zones come from the pinned tzdata package, never from the machine, so that one log gives the same decisions on
every machine.
"""

from datetime import UTC, datetime
from functools import lru_cache
from importlib import resources
from typing import Final
from zoneinfo import ZoneInfo

from stream.durations import DAY, MINUTE
from stream.recipes.recipe import Quiet

_LAST: Final = 253_402_300_799_999 - 2 * DAY
"""The last minute (since the epoch) of datetime's calendar. No later hour is quiet."""


@lru_cache(1)
def _names() -> frozenset[str]:
    return frozenset(resources.files("tzdata").joinpath("zones").read_text().split())


@lru_cache(1024)
def zone(name: str) -> ZoneInfo | None:
    """The IANA zone of this name, None if there is none."""
    if name not in _names():
        return None
    with resources.files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


@lru_cache(100_000)
def _minute_of_day(place: ZoneInfo, minute: int) -> int:
    """The minute of the local day, 0 to 1439. `minute`: minutes since the epoch."""
    local = datetime.fromtimestamp(minute * 60, UTC).astimezone(place)
    return local.hour * 60 + local.minute


def over(quiet: Quiet, place: ZoneInfo, at: int) -> int | None:
    """The end of the quiet hours at `at` (ms), as a full minute (ms). None if `at` is not quiet."""
    minute = at // MINUTE
    if at > _LAST or not _holds(quiet, _minute_of_day(place, minute)):
        return None
    while _holds(quiet, _minute_of_day(place, minute)):
        minute += 1
    return minute * MINUTE


def _holds(quiet: Quiet, minute: int) -> bool:
    if quiet.start <= quiet.end:
        return quiet.start <= minute < quiet.end
    return minute >= quiet.start or minute < quiet.end
