"""Reads a file with a history: documents, each in force from a time on. Source: docs/semantics-life.md, 14."""

from typing import Any

from msgspec import Struct

from stream.events.words import BOUND
from stream.recipes.history import START


class HistoryFault(Exception):
    """A fault of a history. The message is the end of a sentence that begins with `path`."""

    def __init__(self, path: list[str], why: str) -> None:
        super().__init__(why)
        self.path = path


class GivenDocument(Struct):
    """A document. `recipes`: a recipes file, not checked yet · `since`: ms, START for the first."""

    recipes: Any
    since: int = START
    by: str = ""
    note: str = ""


def documents(file: dict[str, Any]) -> list[GivenDocument]:
    """The documents of {history: [document, …]}. All but the first need `from`. Raises HistoryFault."""
    history = file["history"]
    if len(file) > 1:
        raise HistoryFault(
            [next(name for name in file if name != "history")], "must not stand beside history"
        )
    if not isinstance(history, list) or not history:
        raise HistoryFault(["history"], "must be a list of one document or more")
    found: list[GivenDocument] = []
    for place, each in enumerate(history):
        path = ["history", str(place)]
        if not isinstance(each, dict):
            raise HistoryFault(path, "must be a recipes file")
        found.append(_document(each, path, found[-1].since if found else None))
    return found


def _document(given: dict[str, Any], path: list[str], before: int | None) -> GivenDocument:
    """Reads one document. `before`: `since` of the previous document; None: this is the first. Raises HistoryFault."""
    recipes = {name: value for name, value in given.items() if name not in ("from", "by", "note")}
    made = GivenDocument(recipes, _since(given, path, before))
    for name in ("by", "note"):
        value = given.get(name, "")
        if not isinstance(value, str):
            raise HistoryFault([*path, name], "must be a text")
        setattr(made, name, value)
    return made


def _since(given: dict[str, Any], path: list[str], before: int | None) -> int:
    if before is None:
        if "from" in given:
            raise HistoryFault(
                [*path, "from"], "must not be given: the first document holds from the start"
            )
        return START
    since: Any = given.get("from")
    whole = type(since) is int or (isinstance(since, float) and since.is_integer())
    if not whole or not 0 <= since <= BOUND:
        raise HistoryFault([*path, "from"], "must be a time in ms")
    if since <= before:
        raise HistoryFault([*path, "from"], "must be later than that of the document before it")
    return int(since)
