"""What recipes brought as one HTML page, made of the parts that `compare` has."""

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
"""In the colours of the first side and the second."""


def page(lift: Lift) -> str:
    """UTF-8 text of the whole page."""
    told = [arm for arm in lift.recipes if arm.enough]
    return document(
        "What recipes brought",
        (
            f'<p class="soft">{_span(lift)}</p>',
            section("In short", _short(lift.recipes) or "<p>No watch has ended in this time.</p>"),
            section("Percentage points more who ordered", _orders(told)),
            section("More spent by each", _values(told)),
            section("With an order, of 1,000 persons", _shares(told)),
            section("The same as a table", _table(lift.recipes)),
            section("How sure it is, and what it cannot know", listed(lift.limits)),
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
    return _ranges(found, 100, 1, "percentage points more who ordered, with 95 % intervals")


def _values(arms: Iterable[OfArm]) -> str:
    found = ((name(arm), arm.value) for arm in arms)
    return _ranges(found, 1, 2, "how much more each spent, with 95 % intervals")


def _ranges(
    found: Iterable[tuple[str, Difference | None]], scale: float, digits: int, about: str
) -> str:
    values = list(_scaled(found, scale))
    if not values:
        return "<p>Not enough to tell.</p>"
    note = '<p class="soft">The dot is what was found, the line where the truth lies 95 times in 100. A line across 0 may be chance.</p>'
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
    return f"<p>{keys}</p>" + plots.rows(values, GROUPS, "with an order, of 1,000 persons")


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
