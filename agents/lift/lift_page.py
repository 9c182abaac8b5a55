"""The lift of recipes as an HTML page. It uses the page parts of `compare`."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from html import escape
from typing import Final

from agents.compare import plots
from agents.compare.page_parts import document, listed, section, signed, table
from agents.lift.figures import Lift, OfArm
from agents.lift.intervals import Difference
from agents.lift.sentences import money, name, sentences

GROUPS: Final = ("held back", "got it")
"""The two groups, in the colours of the first side and the second."""


def page(lift: Lift) -> str:
    """The text of the whole page, to be written in UTF-8."""
    compared = [arm for arm in lift.recipes if arm.enough]
    return document(
        "What recipes brought",
        (
            f'<p class="soft">{_span(lift)}</p>',
            section("In short", _short(lift.recipes) or "<p>No watch has ended in this time.</p>"),
            section("More orders, in percentage points", _orders(compared)),
            section("More spent per person", _values(compared)),
            section("Persons with an order, per 1,000", _shares(compared)),
            section("All figures", _table(lift.recipes)),
            section("What the figures cannot say", listed(lift.limits)),
        ),
    )


def _span(lift: Lift) -> str:
    starts, ends = (_day(at) for at in (lift.since, lift.until))
    span = f"that began from {starts or 'the first'} up to {ends or 'the last'}"
    return f"{lift.watches:,} watches {span}; of each person the first counts"


def _day(at: int | None) -> str:
    return (
        "" if at is None else datetime.fromtimestamp(at / 1000, UTC).strftime("%d %b %Y %H:%M UTC")
    )


def _short(arms: Iterable[OfArm]) -> str:
    return "".join(
        f"<h3>{escape(name(arm))}</h3>" + "".join(f"<p>{escape(each)}</p>" for each in sentences(arm))
        for arm in arms
    )  # fmt: skip


def _orders(arms: Iterable[OfArm]) -> str:
    found = ((name(arm), arm.orders) for arm in arms)
    return _ranges(found, 100, 1, "more orders, in percentage points, with 95 % intervals")


def _values(arms: Iterable[OfArm]) -> str:
    found = ((name(arm), arm.value) for arm in arms)
    return _ranges(found, 1, 2, "more spent per person, with 95 % intervals")


def _ranges(
    found: Iterable[tuple[str, Difference | None]], scale: float, digits: int, about: str
) -> str:
    values = list(_scaled(found, scale))
    if not values:
        return "<p>Not enough to tell.</p>"
    note = '<p class="soft">The dot is the measured difference, the line its 95 % interval. If the line crosses 0, the difference may be chance.</p>'
    return note + plots.ranges(values, digits, about)


def _scaled(
    found: Iterable[tuple[str, Difference | None]], scale: float
) -> Iterator[tuple[str, float, float, float]]:
    for label, each in found:
        if each is not None:
            yield label, scale * each.value, scale * each.low, scale * each.high


def _shares(arms: Iterable[OfArm]) -> str:
    values = [
        (name(arm), round(1000 * (arm.held.share or 0)), round(1000 * (arm.treated.share or 0)))
        for arm in arms
    ]
    keys = "".join(
        f'<span class="key key{side}"></span>{group}' for side, group in enumerate(GROUPS)
    )
    return f"<p>{keys}</p>" + plots.rows(values, GROUPS, "persons with an order, per 1,000")


def _table(arms: Iterable[OfArm]) -> str:
    head = (
        "recipe",
        "got it",
        "ordered",
        "spent each",
        "held back",
        "ordered",
        "spent each",
        "points more",
        "more each",
    )
    return table(head, map(_row, arms))  # fmt: skip


def _row(arm: OfArm) -> tuple[object, ...]:
    groups = (
        (group.persons, group.ordered, "–" if group.each is None else money(group.each))
        for group in (arm.treated, arm.held)
    )
    found = (_cell(arm.orders, 100, 1), _cell(arm.value, 1, 2))
    return (name(arm), *(cell for group in groups for cell in group), *found)


def _cell(found: Difference | None, scale: float, digits: int) -> str:
    if found is None:
        return "not enough"
    value, low, high = (
        signed(scale * each, digits) for each in (found.value, found.low, found.high)
    )
    return f"{value} ({low} to {high})"
