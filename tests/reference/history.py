"""Semantics of life, 14: which recipes are in force when."""

from typing import Any

from tests.reference.recipes import Recipes, parse

History = list[tuple[int, Recipes]]
"""From when (ms) each document is in force, in order; the first from before all times."""


def parse_history(document: dict[str, Any]) -> History:
    """Of a recipes file's contents, which may be a history."""
    documents = document.get("history", [document])
    return [(each.get("from", -1), parse(each)) for each in documents]


def at(history: History, time: int) -> Recipes:
    return [recipes for since, recipes in history if since <= time][-1]


def next_after(history: History, time: int) -> int | None:
    return min((since for since, _ in history if since > time), default=None)
