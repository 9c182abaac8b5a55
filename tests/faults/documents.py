"""A recipes file that comes into force in the middle of a case.

Its decisions have version 2 of their recipes, which shows the document that decided them. Source: docs/semantics-life.md, 14.
"""

import asyncio
import copy
import json
from typing import Any

from agents.config.settings import Settings
from agents.kafka.topics import RECIPES
from agents.published import published_log
from agents.published.published_document import read
from agents.published.timetable import Timetable
from stream import recipes_file
from stream.recipes.history import History
from tests.faults import raw

Document = dict[str, Any]


def second(first: Document) -> Document:
    """All recipes except the last, in another version. Episodes of the last one close."""
    given = first.get("recipes") or [{"name": name} for name in recipes_file.DEFAULT.names]
    recipes = copy.deepcopy(given)[: max(1, len(given) - 1)]
    return {**first, "recipes": [{**each, "version": 2} for each in recipes]}


def publish(settings: Settings, first: Document, since: int | None) -> None:
    """Publishes the second document. `since`: ms; None: as soon as possible."""
    row = second(first), since, "faults", "in the middle"
    asyncio.run(published_log.append(settings, [row]))


def middle(lines: list[bytes]) -> int:
    """The time (ms) of the line in the middle, or of the next line that has one."""
    for line in lines[len(lines) // 2 :]:
        try:
            at = json.loads(line)["t"]
        except (ValueError, TypeError, KeyError, RecursionError):
            continue
        if type(at) is int:
            return at
    raise AssertionError("no line has a time")


def history(settings: Settings, first: Document, live: bool) -> Document:
    """The documents with their times, as a recipes file. Only the first document if no other was published."""
    with raw.Tail(settings, [RECIPES], committed=True) as tail:
        rows = tail.read()
    table = Timetable([read(row.offset, row.time, row.value, live) for row in rows])
    return table.as_history(first) if table.documents else first


def rules(document: Document) -> History:
    return recipes_file.load_history(json.dumps(document))
