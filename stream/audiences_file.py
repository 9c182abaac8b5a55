"""Reads the audiences of a recipes file. Source: docs/semantics-life.md, 13."""

from typing import Any

from stream.durations import parse as duration
from stream.recipes.audiences import Audience, Members, Named, TimeSpan, category, product
from stream.recipes.conditions import Range

RANGES = ("visits", "orders", "spent")


def audiences(document: dict[str, Any]) -> tuple[Audience, ...]:
    """The audiences of a document that its schema accepts."""
    return tuple(
        Audience(each["name"], tuple(map(_members, _maps(each["members"]))))
        for each in document.get("audiences") or ()
    )


def _maps(members: dict[str, Any] | list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [members] if isinstance(members, dict) else members


def _members(given: dict[str, Any]) -> Members:
    return Members(
        tuple(
            Range(name, given[name].get("min"), given[name].get("max"))
            for name in RANGES
            if name in given
        ),
        _span(given.get("since_visit")),
        _span(given.get("since_order")),
        given.get("reachable"),
        frozenset(given["open"]) if "open" in given else None,
        _named(given.get("viewed")),
        _named(given.get("bought")),
    )


def _span(given: dict[str, Any] | None) -> TimeSpan | None:
    if given is None:
        return None
    return TimeSpan(
        duration(given.get("min", 0)), duration(given["max"]) if "max" in given else None
    )


def _named(given: dict[str, Any] | None) -> Named | None:
    if given is None:
        return None
    names = [category(as_digits(each)) for each in given.get("category", ())]
    names += [product(as_digits(each)) for each in given.get("product", ())]
    return Named(frozenset(names), duration(given["within"]))


def as_digits(given: str | float) -> str:
    """An id as text. A whole number, also one written 5.0, becomes its decimal digits."""
    return given if isinstance(given, str) else str(int(given))
