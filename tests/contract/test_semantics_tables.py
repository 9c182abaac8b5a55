"""The tables of docs/semantics.md and docs/semantics-life.md give the defaults and the numbers of the code."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from stream import durations, recipes_limits
from stream.durations import DAY, HOUR, SECOND
from stream.kinds import browse_abandonment, exit_guards, exit_score, onsite
from stream.kinds.exit_score import SORTS, Sort
from stream.kinds.registry import KINDS
from stream.recipes import conditions
from stream.recipes.conditions import Offer, Range, When
from stream.recipes.recipe import MESSAGING, Cap, Policy, Recipe
from stream.stages import announce_claims, orders_placed
from stream.state import bought, checkout, key, life_record, ordered, orders, visitor

DOCS = Path(__file__).parents[2] / "docs"
PAGES = "\n".join((DOCS / name).read_text() for name in ("semantics.md", "semantics-life.md"))
COLUMNS: dict[str, Callable[[str], Any]] = {
    "ordered_within": durations.parse,
    "cooldown": durations.parse,
    "valid_for": durations.parse,
    "priority": int,
    "capped": {"yes": True, "no": False}.__getitem__,
}
KEEPS = ("SHORTEST_KEEP", "LONGEST_KEEP", "KEEP_OF_LIFE")
SHIPPED = (
    Offer("free-shipping", When((Range("visits", max=1), Range("orders", max=0)))),
    Offer("percent-10", When((Range("orders", max=0),))),
    Offer("loyal-gift", When((Range("orders", min=1),))),
)
BESIDE: dict[str, dict[str, Any]] = {
    "exit-intent": {"priority": 100, "reach": "any", "channels": ("onsite",), "offers": SHIPPED},
    "post-purchase": {"expires": 60 * DAY},
    "replenishment": {"lead": 3 * DAY},
    "welcome-popup": {
        "reach": "any",
        "channels": ("onsite",),
        "after": 15 * SECOND,
        "looks": 2,
        "when": When((Range("visits", max=1),)),
        "offers": SHIPPED,
    },
}
"""What the pages say of a kind beside the row of its table."""


def rows(of: str) -> list[dict[str, str]]:
    """The rows of the tables whose first column has this head, by the heads of their columns."""
    found = []
    for head, body in re.findall(
        rf"^(\| {of} \|.*)\n\|[-|]+\|\n((?:\|.*\n)+)", PAGES, re.MULTILINE
    ):
        names, *lines = ([cell.strip() for cell in line.strip("|").split("|")]
                         for line in (head, *body.splitlines()))  # fmt: skip
        found += [dict(zip(names, line, strict=True)) for line in lines]
    return found


@pytest.mark.parametrize("row", rows("recipe"), ids=lambda row: row["recipe"])
def test_the_table_of_recipes_gives_the_defaults_of_a_kind(row: dict[str, str]) -> None:
    found = KINDS[row["recipe"]]
    steps = [0] if row["steps"] == "(at once)" else map(durations.parse, row["steps"].split())
    given = {name: read(row[name]) for name, read in COLUMNS.items() if row[name]}
    wanted = {"channels": MESSAGING, **given, **BESIDE.get(row["recipe"], {})}
    fields = structs.asdict(found)
    assert {name: fields[name] for name in wanted} == wanted
    assert found.steps == tuple(steps)
    rest = structs.asdict(Recipe(found.name, found.kind, (), 0, 0, 0))
    told = {"steps", *COLUMNS, *wanted}
    assert {name for name in fields if name not in told and fields[name] != rest[name]} == set()


def test_the_tables_have_a_row_for_each_kind() -> None:
    assert [row["recipe"] for row in rows("recipe")] != []
    assert {row["recipe"] for row in rows("recipe")} == set(KINDS)


def test_a_recipe_and_a_policy_have_the_defaults_that_the_page_gives_for_all() -> None:
    made = structs.asdict(Recipe("x", "x", (), 0, 0, 0))
    said = {"reach": "known", "consent": "not_withdrawn", "holdout": 0, "expires": 7 * DAY}
    said |= {"arms": (), "version": 1, "enabled": True, "capped": True, "ordered_within": 0}
    said |= {"mode": "live", "existing": False, "attribution": 0, "base": "order", "lead": 0}
    assert {name: made[name] for name in said} == said
    caps = (Cap(1, HOUR, "defer"), Cap(3, 7 * DAY, "drop"))
    assert Policy() == Policy(caps=caps, quiet=None, zone="UTC", keep=30 * DAY)


@pytest.mark.parametrize("row", rows("signal"), ids=lambda row: row["signal"])
def test_the_table_of_signals_gives_weight_half_life_and_least_time(row: dict[str, str]) -> None:
    weight, lasts, held = float(row["w"]), durations.parse(row["h"]), row["least held_ms, if given"]
    assert SORTS[row["signal"]] == Sort(weight, lasts, int(held))


def span(ms: int) -> str:
    """A duration as the pages write it: in the largest unit that is whole, days from 2 on."""
    if ms > DAY and ms % DAY == 0:
        return f"{ms // DAY}d"
    sizes = ((name, durations.UNITS[name]) for name in ("h", "m", "s"))
    return next(f"{ms // size}{name}" for name, size in sizes if ms % size == 0)


@pytest.mark.parametrize(
    ("said", "values"),
    [
        ("Candidate when `S >= {}`", [exit_score.THRESHOLD]),
        ("of `1 - {}` if the cart is not empty", [exit_score.CART_WEIGHT]),
        ("of `1 - {:.2f}` if 2 or more distinct products", [exit_score.PRODUCTS_WEIGHT]),
        ("less than {} since the visit's start", [span(exit_guards.AFTER_VISIT_START)]),
        ("or {} since the last page, product", [span(exit_guards.AFTER_LOOK)]),
        ("an exit trigger in the last {}", [span(KINDS["exit-intent"].cooldown)]),
        ("at most one offer per person in {}", [span(conditions.OFFER_EVERY)]),
        ("one offer per visitor in {} counts both", [span(onsite.OFFER_EVERY)]),
        ("some product has {} dwell or more", [span(browse_abandonment.DWELL)]),
        ("`at - added_at >= {}`", [span(browse_abandonment.AFTER_ADDING)]),
        ("a run of engaged events less than {} apart", [span(visitor.VISIT_GAP)]),
        ("`last_active` and `last_change`, plus {},", [span(visitor.IDLE_AFTER)]),
        ("**Late**: `client_time < t - {}`", [span(visitor.LATE_AFTER)]),
        ("is forgotten {} after its last event", [span(visitor.FORGET_AFTER)]),
        ("is forgotten {} after its last event", [span(key.FORGET_AFTER)]),
        ("among the visitor's last {} accepted events", [visitor.KEPT_IDS]),
        ("the {} most recently viewed are kept", [visitor.KEPT_VIEWS]),
        ("It closes with an order, when it is {} old", [span(checkout.LASTS)]),
        ("opened less than {} after the visitor's last order", [span(checkout.AFTER_ORDER)]),
        ("A line is in it for less than {} after its order", [span(bought.LASTS)]),
        ("the lines with a `since` at most {} after the order", [span(bought.AFTER_ORDER)]),
        ("took away, all at once, at most {} before", [span(ordered.TAKEN_LASTS)]),
        ("of this visitor less than {} later is sent to", [span(orders_placed.FORMER_LASTS)]),
        ("`[failed_at - {}, failed_at)`", [span(orders_placed.WINDOW)]),
        ("(of the {} last entered in the record)", [orders.COMPARED_ORDERS]),
        ("(lines of the last {})", [orders_placed.KEPT_LINES]),
        ("among the last {} that this visitor told", [announce_claims.KEPT_PAIRS]),
        ("and was told less than {} ago", [span(announce_claims.REPEAT_AFTER)]),
        ("while all {} owners were bound less than", [key.MOST_OWNERS]),
        ("owners were bound less than {} ago", [span(key.SHARED_WITHIN)]),
        ("not cancelled, the last {} of", [key.MOST_KEPT_ORDERS]),
        ("the last {0} (`(at - {0}, at]`)", [span(key.ORDERS_FOR)]),
        ("a person keeps the last {} purchases", [life_record.KEPT_PURCHASES]),
        ("of each of the {} products bought last", [life_record.KEPT_PRODUCTS]),
        (
            "Policy `keep` ({} to {}; default {} in a file",
            [span(getattr(recipes_limits, name)) for name in KEEPS],
        ),
    ],
)
def test_a_number_of_a_page_is_that_of_the_code(said: str, values: list[object]) -> None:
    assert said.format(*values) in " ".join(PAGES.split())


def test_an_hour_is_3600_seconds_of_1000_ms() -> None:
    units = durations.SECOND, durations.MINUTE, durations.HOUR, durations.DAY
    assert units == (1_000, 60_000, 3_600_000, 86_400_000)
