"""Puts a live event into plain words: a title, and details that explain it. Pure.

It uses the record alone, without the person's timeline. A lookup (lookup.py) has more.
"""

from collections.abc import Callable, Mapping
from datetime import tzinfo
from typing import Any, Final

from agents.console.hub import Kind
from agents.explain import life_text
from agents.explain.decision_text import DecisionText
from stream.episodes import quiet_hours
from stream.outputs.triggers import FIRED
from stream.recipes.recipe import Recipes

Record = Mapping[str, Any]

FAULTS: Final = {
    "not_json": "it is not JSON in UTF-8",
    "too_large": "it is too large for an event",
    "too_deep": "it is nested too deeply",
    "empty": "it has no value",
    "not_an_object": "it is JSON, but not an object",
    "missing": "a required field of its type is missing",
    "wrong_type": "a field has a value of the wrong type",
    "out_of_range": "a number or a length is out of range",
    "not_in_list": "a value is not one of the allowed ones",
    "names_nobody": "its visitor or customer is a placeholder such as “undefined”",
    "key_differs": "its key is not its visitor",
    "no_key": "it has no key",
    "needs_key": "only a client with the collector's key may send it",
    "byte_order_mark": "it begins with a byte order mark",
    "several_lines": "it has one event a line instead of a list",
    "no_event": "it does not name its event",
    "no_row": "it is not a row of 131 columns",
    "unknown_kind": "no source has its kind",
    "translator_failed": "the service failed to translate it: please report this",
    "too_many": "its post has too many messages",
}
"""The words for each reason of schemas/rejected.json."""


def wording(recipes: Recipes) -> Callable[[Kind, Record], Record]:
    """Returns a function that puts live events into words, with times in the policy's zone."""
    zone = quiet_hours.zone(recipes.policy.zone) or quiet_hours.zone("UTC")
    assert zone is not None

    def words(kind: Kind, data: Record) -> Record:
        if kind == "status":
            return {}
        title, details = _title_and_details(kind, data, recipes, zone)
        return {"title": title, "details": details}

    return words


def wording_of(current: Callable[[], Recipes]) -> Callable[[Kind, Record], Record]:
    """Returns the same function for the recipes that are in force when it is called."""

    def words(kind: Kind, data: Record) -> Record:
        return wording(current())(kind, data)

    return words


def _title_and_details(
    kind: Kind, data: Record, recipes: Recipes, zone: tzinfo
) -> tuple[str, tuple[str, ...]]:
    if kind == "rejected":
        subject = f"An event of type {data['type']}" if data["type"] else "An event"
        return f"{subject} was rejected at {data['path']}", (f"Because {why(data['reason'])}.",)
    if kind == "left_out":
        return _left_out(data)
    if kind == "audience":
        text, details = life_text.change(data, recipes)
        return f"{text[0].upper()}{text[1:]}", details
    if kind == "cancel":
        return DecisionText((), (), (), recipes, zone).cancel(data), ()
    if kind == "decision":
        return DecisionText((data,), (), (), recipes, zone).decision(data)
    event = {"id": data["trigger_id"], "type": FIRED, "data": data}
    fired = {**data, "outcome": "fired", "at": data["not_before"]}
    return DecisionText((fired,), (event,), (), recipes, zone).decision(fired)


def _left_out(data: Record) -> tuple[str, tuple[str, ...]]:
    if data["reason"] == "unknown_type":
        hint = (f"Did you mean {data['meant']}?",) if data["meant"] else ()
        return "An event of an unknown type was accepted: it has no effect", hint
    text = f"An event of type {data['type']} was accepted without {data['path']}"
    return text, (f"Expected {data['expected']}, got {data['got']}.",)


def why(reason: str) -> str:
    return FAULTS.get(reason, f"its reason is {reason!r}")
