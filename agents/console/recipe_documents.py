"""The recipes in force and their history, from the topic `recipes` as far as it has been read. Times are in ms.

Source: docs/semantics-life.md, 14.
"""

import time
from typing import Any, Final

from agents.compare import recipes_text
from agents.config.recipes import read as read_file
from agents.config.settings import Settings
from agents.published import document_listing, in_force
from agents.published.published_document import PublishedDocument, read
from agents.published.timetable import Timetable
from stream.recipes.history import History
from stream.recipes.recipe import Recipes
from stream.state.cart import NEVER

LATEST: Final = 2**63
"""A time (ms) after all others."""

DEFAULT_TEXT: Final = document_listing.as_yaml({})
"""A recipes file with the shipped recipes, to start a draft from."""


class RecipeDocuments:
    """The published documents.

    `first`: the recipes before the first document · `text`: the text of their file · `name`: its name on the page ·
    `live`: records have the broker's time; False in a replay.
    """

    def __init__(self, first: Recipes, text: str, name: str, live: bool = True) -> None:
        self.first, self.name = first, name
        self._text, self._live = text, live
        self._timetable = Timetable([])
        self._current = (0, 0, first)
        """The recipes that `current` last returned, and the times (ms) between which they are in force."""

    def take(self, offset: int, appended: int, value: bytes | None) -> None:
        """Adds a record of the topic, in order. Skips a record that was already added."""
        known = self._timetable.documents
        if not known or offset > known[-1].offset:
            found = read(offset, appended, value, self._live)
            self._timetable = Timetable([*known, found])
            self._current = (0, 0, self.first)

    def now(self) -> Recipes:
        """The recipes in force now, by this machine's clock."""
        return self.current(time.time_ns() // 1_000_000)

    def history(self) -> History:
        """All documents with the times at which they are in force."""
        return in_force.history(self.first, self._timetable.documents)

    @property
    def newest(self) -> int:
        """The number of the last record, 0 if there is none."""
        known = self._timetable.documents
        return known[-1].number if known else 0

    def current(self, now: int) -> Recipes:
        """The recipes in force at the time `now` (ms)."""
        since, until, recipes = self._current
        if not since <= now < until:
            found = self._timetable.at(now)
            recipes = self.first if found is None or found.recipes is None else found.recipes
            later = [each.since for each in self._timetable.in_order if each.since > now]
            self._current = now, later[0] if later else LATEST, recipes
        return recipes

    def text(self, number: int) -> str | None:
        """A document as the text of a file; 0: the recipes before the first. None if it is missing or was refused."""
        if number == 0:
            return self._text
        found = next((each for each in self._timetable.documents if each.number == number), None)
        return (
            None
            if found is None or found.recipes is None
            else document_listing.as_yaml(found.document)
        )

    def current_number(self, now: int) -> int:
        found = self._timetable.at(now)
        return 0 if found is None else found.number

    def rows(self, now: int) -> list[dict[str, Any]]:
        """The history for the page, newest first. The last row is the recipes before the first document."""
        states = self._timetable.states(now)
        rows = [
            self._row(each, state)
            for each, state in zip(self._timetable.documents, states, strict=True)
        ]
        before = "former" if self._timetable.at(now) else "in force"
        first = {
            "number": 0,
            "state": before,
            "since": None,
            "appended": None,
            "by": "",
            "note": self.name,
        }
        return [first | {"fault": "", "changes": []}, *rows][::-1]  # fmt: skip

    def _row(self, found: PublishedDocument, state: str) -> dict[str, Any]:
        return {
            "number": found.number,
            "state": state,
            "since": None if found.since <= NEVER else found.since,
            "appended": found.appended,
            "by": found.by,
            "note": found.note,
            "fault": found.fault,
            "changes": self._changes(found),
        }

    def _changes(self, found: PublishedDocument) -> list[str]:
        """A sentence for each change that a document makes when it comes into force."""
        order = self._timetable.in_order
        if found.recipes is None or found not in order:
            return []
        place = order.index(found)
        before = order[place - 1].recipes if place else self.first
        assert before is not None
        return recipes_text.differences(before, found.recipes)


def initial_documents(settings: Settings) -> RecipeDocuments:
    """No documents yet, and the recipes of TRIGGERS_RECIPES. Raises RecipesError, OSError."""
    live = settings.time == "append"
    if settings.recipes is None:
        first = read_file(None)
        return RecipeDocuments(first, DEFAULT_TEXT, "what is shipped", live)
    text = settings.recipes.read_text(encoding="utf-8")
    return RecipeDocuments(read_file(settings.recipes), text, settings.recipes.name, live)
