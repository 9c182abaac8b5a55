"""Semantics of life, 14: the recipes in force at each time."""

from typing import Any

from tests.reference.recipes import Recipes, parse

History = list[tuple[int, Recipes]]
"""(time in ms from which a document is in force, document), in order; the first has the smallest time."""


def parse_history(document: dict[str, Any]) -> History:
    """The history in a recipes file's contents; a single document gives a history of one."""
    documents = document.get("history", [document])
    return [(each.get("from", -1), parse(each)) for each in documents]


def at(history: History, time: int) -> Recipes:
    return [recipes for since, recipes in history if since <= time][-1]


def next_after(history: History, time: int) -> int | None:
    return min((since for since, _ in history if since > time), default=None)
