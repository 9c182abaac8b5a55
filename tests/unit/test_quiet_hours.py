"""Quiet hours on the calendar: daylight saving, odd zones, far futures."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from stream.episodes import quiet_hours
from stream.recipes.recipe import Quiet


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def hours(text: str) -> Quiet:
    start, end = (int(part[:2]) * 60 + int(part[3:]) for part in text.split("-"))
    return Quiet(start, end)


def place(name: str) -> ZoneInfo:
    found = quiet_hours.zone(name)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("zone", "span", "at", "until"),
    [
        ("UTC", "21:00-08:00", "2026-01-05T20:59:59.999", None),
        ("UTC", "21:00-08:00", "2026-01-05T21:00", "2026-01-06T08:00"),
        ("UTC", "21:00-08:00", "2026-01-06T07:59:59.999", "2026-01-06T08:00"),
        ("UTC", "21:00-08:00", "2026-01-06T08:00", None),
        ("UTC", "12:00-13:00", "2026-01-06T12:30:30.5", "2026-01-06T13:00"),
        ("UTC", "09:00-09:00", "2026-01-06T09:00", None),
        ("Asia/Kolkata", "12:00-13:00", "2026-01-06T06:30", "2026-01-06T07:30"),
        # Berlin, 29 March 2026: 02:00 to 03:00 does not happen.
        ("Europe/Berlin", "01:30-02:30", "2026-03-29T00:30", "2026-03-29T01:00"),
        ("Europe/Berlin", "21:00-02:30", "2026-03-28T20:00", "2026-03-29T01:00"),
        # Berlin, 25 October 2026: 02:00 to 03:00 happens twice.
        ("Europe/Berlin", "01:30-02:30", "2026-10-24T23:30", "2026-10-25T00:30"),
        ("Europe/Berlin", "01:30-02:30", "2026-10-25T01:10", "2026-10-25T01:30"),
        # Lord Howe goes back by half an hour, from 02:00 to 01:30.
        ("Australia/Lord_Howe", "01:45-02:15", "2026-04-04T14:45", "2026-04-04T15:00"),
    ],
)
def test_a_quiet_time_is_over_at_the_first_full_minute_outside(
    zone: str, span: str, at: str, until: str | None
) -> None:
    expected = None if until is None else ms(until)
    assert quiet_hours.over(hours(span), place(zone), ms(at)) == expected


@pytest.mark.parametrize(
    "name", ["Mars/Base", "", "europe/berlin", "../../etc/passwd", "x" * 9_999]
)
def test_a_name_that_is_not_a_zone_is_none(name: str) -> None:
    assert quiet_hours.zone(name) is None


def test_past_the_calendar_no_hour_is_quiet() -> None:
    assert quiet_hours.over(hours("00:00-23:59"), place("UTC"), 10**15) is None


def test_quiet_hours_that_would_leave_the_year_9999_do_not_overflow() -> None:
    """The last two days of the calendar are never quiet, whatever the zone."""
    end = 253_402_300_799_999
    for name in ("UTC", "Pacific/Kiritimati", "Etc/GMT+12"):
        for before in (0, 1, 86_400_000, 2 * 86_400_000 - 1):
            assert quiet_hours.over(hours("00:00-23:59"), place(name), end - before) is None
        until = quiet_hours.over(hours("00:00-23:59"), place(name), end - 2 * 86_400_000)
        assert until is None or until <= end
