"""The comparison, as the document of compare.json and of the page. Times are in ms."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, tzinfo
from typing import Final

from msgspec import Struct

from agents.compare import differences, recipes_text
from agents.compare.differences import SORTS, Interval, Pair
from agents.compare.examples import Example, examples
from agents.compare.side import Side
from agents.explain.refusal_reasons import span
from stream.durations import HOUR
from stream.episodes import quiet_hours

LIMITS: Final = (
    "Nobody in these events saw a message of these recipes. A reminder that brings an order ends what follows; "
    "here nothing follows from it.",
    "What a sender lost, held back or repeated is not in it, nor are the messages of other systems.",
    "It says what would have been sent, not what it would have brought: for that, a holdout must run live.",
)
"""What no backtest can know."""


class OfRecipe(Struct):
    """Numbers of triggers of a recipe: of each sort, and of all that each side sent."""

    recipe: str
    before: int
    after: int
    same: int
    moved: int
    changed: int
    new: int
    gone: int


class OfDay(Struct):
    """Numbers of triggers of a day. `day`: in the policy's zone, as 2026-01-31."""

    day: str
    before: int
    after: int


class OfShadow(Struct):
    """Numbers of steps that a recipe in shadow would have sent."""

    recipe: str
    before: int
    after: int


class Held(Struct):
    """Numbers of decisions that sent nothing: `refused` and `closed` finally, `deferred` for a while."""

    recipe: str
    outcome: str
    reason: str
    before: int
    after: int


class Report(Struct):
    """The document. `sure`: how many more triggers the second side sends · `cold_until`: before this time the sides know
    too little about earlier messages and orders · `after_end`: triggers that each side sent after the last event."""

    names: tuple[str, str]
    events: int
    starts: int | None
    ends: int | None
    zone: str
    persons: int
    sent: tuple[int, int]
    cancelled: tuple[int, int]
    sure: Interval
    overlap: tuple[int, int, int]
    changes: list[str]
    recipes: list[OfRecipe]
    shadows: list[OfShadow]
    days: list[OfDay]
    held: list[Held]
    cold_until: int | None
    after_end: tuple[int, int]
    limits: list[str]
    examples: list[Example]


def report(before: Side, after: Side, names: tuple[str, str]) -> Report:
    """The document of two sides. Raises OSError."""
    zone = quiet_hours.zone(after.recipes.policy.zone) or quiet_hours.zone("UTC")
    assert zone is not None
    found = differences.pairs(before, after)
    memory = max(before.recipes.memory, after.recipes.memory)
    cold = None if after.starts is None else after.starts + memory
    ends = (_after(before), _after(after))
    return Report(
        names=names,
        events=after.events,
        starts=after.starts,
        ends=after.ends,
        zone=after.recipes.policy.zone,
        persons=len(before.persons | after.persons),
        sent=(len(before.sent), len(after.sent)),
        cancelled=(len(before.cancelled), len(after.cancelled)),
        sure=differences.more(before, after),
        overlap=differences.overlap(before, after),
        changes=recipes_text.differences(before.recipes, after.recipes),
        recipes=_recipes(found),
        shadows=_shadows(before, after),
        days=_days(found, zone),
        held=_held(before, after),
        cold_until=cold,
        after_end=ends,
        limits=[*_own_limits(memory, ends, names), *LIMITS],
        examples=examples(found, before, after, zone),
    )


def _after(side: Side) -> int:
    ends = side.ends
    return 0 if ends is None else sum(sent.not_before > ends for sent in side.sent.values())


def _own_limits(memory: int, ends: tuple[int, int], names: tuple[str, str]) -> list[str]:
    return [
        f"Of the time before the first event nothing is known. For the first {span(memory)} caps, cooldowns and "
        "orders of before are missing, so more is sent here than would have been.",
        f"{ends[0]} triggers of {names[0]} and {ends[1]} of {names[1]} come after the last event: "
        "whoever came back or ordered by then is not in it.",
    ]


def _recipes(found: Iterable[Pair]) -> list[OfRecipe]:
    made = []
    for recipe, sorts in sorted(differences.counts(found).items()):
        both = sorts["same"] + sorts["moved"] + sorts["changed"]
        numbers = {sort: sorts[sort] for sort in SORTS}
        made.append(OfRecipe(recipe, both + sorts["gone"], both + sorts["new"], **numbers))
    return made


def _days(found: Iterable[Pair], zone: tzinfo) -> list[OfDay]:
    """Every day from the first to the last that has a trigger."""
    before: Counter[str] = Counter()
    after: Counter[str] = Counter()
    known: dict[int, str] = {}

    def day(at: int) -> str:
        hour = at // HOUR
        if hour not in known:
            known[hour] = datetime.fromtimestamp(at / 1000, zone).date().isoformat()
        return known[hour]

    for pair in found:
        if pair.before:
            before[day(pair.before.not_before)] += 1
        if pair.after:
            after[day(pair.after.not_before)] += 1
    return [OfDay(each, before[each], after[each]) for each in sorted(before.keys() | after.keys())]


def _shadows(before: Side, after: Side) -> list[OfShadow]:
    recipes = sorted(before.shadows.keys() | after.shadows.keys())
    return [OfShadow(each, before.shadows[each], after.shadows[each]) for each in recipes]


def _held(before: Side, after: Side) -> list[Held]:
    keys = sorted(before.held.keys() | after.held.keys())
    return [Held(*key, before.held[key], after.held[key]) for key in keys]
