"""Words for the conditions of an audience, and whether each holds for a person. Pure.

Source: docs/semantics-life.md, 13.
"""

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from agents.explain.refusal_reasons import span
from agents.explain.standing import Standing
from stream.durations import DAY, HOUR, MINUTE, SECOND
from stream.recipes.audiences import Audience, Members, Named, TimeSpan
from stream.recipes.conditions import Range
from stream.state.cart import NEVER

NOUNS: Final = {"orders": ("order", "orders"), "visits": ("visit", "visits")}
UNITS: Final = ((DAY, "days"), (HOUR, "hours"), (MINUTE, "minutes"), (SECOND, "seconds"))

Clock = Callable[[int], str]
"""Formats a time (ms) in the reader's time zone."""


class Asked(NamedTuple):
    """One condition. `wanted`: `the last order 60 to 120 days ago` · `so_far`: `ordered last on Mon 5 Jan 14:00`."""

    wanted: str
    so_far: str
    holds: bool


def wanted(audience: Audience) -> str:
    """The conditions of an audience, as a sentence without its full stop."""
    return "; or ".join(", ".join(_wanted(each)) for each in audience.members)


def of_person(standing: Standing, members: Members, clock: Clock) -> list[Asked]:
    """Each condition of one alternative, and whether it holds at the time of `standing`."""
    return [
        Asked(text, so_far, standing.holds(alone))
        for alone, text, so_far in _parts(members, standing, clock)
    ]


def _wanted(members: Members) -> Iterator[str]:
    for each in members.ranges:
        yield _range(each)
    if members.since_visit is not None:
        yield f"the last visit {_ago(members.since_visit)}"
    if members.since_order is not None:
        yield f"the last order {_ago(members.since_order)}"
    if members.reachable is not None:
        yield "can be reached" if members.reachable else "cannot be reached"
    if members.open is not None:
        yield f"something open of {_either(members.open)}"
    if members.viewed is not None:
        yield f"looked at {_names(members.viewed)}"
    if members.bought is not None:
        yield f"bought {_names(members.bought)}"


def _parts(
    members: Members, standing: Standing, clock: Clock
) -> Iterator[tuple[Members, str, str]]:
    """(one condition alone, what it wants, what is true so far)."""
    alone = [Members(ranges=(each,)) for each in members.ranges]
    so_far = [_number(each, standing) for each in members.ranges]
    if members.since_visit is not None:
        alone.append(Members(since_visit=members.since_visit))
        so_far.append(_visited(standing, clock))
    if members.since_order is not None:
        alone.append(Members(since_order=members.since_order))
        ordered = standing.ordered
        so_far.append("no order" if ordered == NEVER else f"ordered last on {clock(ordered)}")
    if members.reachable is not None:
        alone.append(Members(reachable=members.reachable))
        so_far.append(
            "can be reached" if standing.person.is_reachable else "no channel that may be used"
        )
    if members.open is not None:
        alone.append(Members(open=members.open))
        both = members.open & standing.open
        so_far.append(f"{_either(both)} is open" if both else "none is open")
    for named, bought in ((members.viewed, False), (members.bought, True)):
        if named is not None:
            alone.append(Members(bought=named) if bought else Members(viewed=named))
            so_far.append(_lately(standing, named, clock, bought=bought))
    return zip(alone, _wanted(members), so_far, strict=True)


def _range(wanted: Range) -> str:
    low, high = wanted.min, wanted.max
    one, many = NOUNS.get(wanted.name, ("", ""))
    lead = "" if one else f"{wanted.name} "
    if low is not None and low == high:
        return f"{lead}{_noun(low, one, many)}"
    if high is None:
        return f"{lead}{_noun(low or 0, one, many)} or more"
    if not low:
        return f"no {one}" if one and high == 0 else f"{lead}{_noun(high, one, many)} at most"
    return f"{lead}{low:g} to {_noun(high, one, many)}"


def _noun(number: float, one: str, many: str) -> str:
    return f"{number:g} {one if number == 1 else many}".rstrip()


def _number(wanted: Range, standing: Standing) -> str:
    found: float = getattr(standing.known, wanted.name)
    one, many = NOUNS.get(wanted.name, ("", ""))
    return _noun(found, one, many) if one else f"{wanted.name} {found:g}"


def _ago(wanted: TimeSpan) -> str:
    low, high = wanted.min, wanted.max
    if high is None:
        return f"{span(low)} ago or longer"
    if not low:
        return f"less than {span(high)} ago"
    for unit, name in UNITS:
        if low % unit == high % unit == 0:
            return f"{low // unit} to {high // unit} {name} ago"
    return f"{span(low)} to {span(high)} ago"


def _visited(standing: Standing, clock: Clock) -> str:
    if standing.active:
        return "here now"
    return "never here" if standing.anchor == NEVER else f"here last on {clock(standing.anchor)}"


def _either(names: frozenset[str]) -> str:
    return " or ".join(sorted(names))


def _names(named: Named) -> str:
    return (
        f"{_either(frozenset(each[2:] for each in named.names))} less than {span(named.within)} ago"
    )


def _lately(standing: Standing, named: Named, clock: Clock, *, bought: bool) -> str:
    known = {name: standing.interests[name] for name in named.names if name in standing.interests}
    times = [each.bought if bought else each.viewed for each in known.values()]
    last, does = max(times, default=NEVER), "bought" if bought else "looked at"
    return f"never {does}" if last == NEVER else f"{does} last on {clock(last)}"
