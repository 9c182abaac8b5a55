"""The recipes in force at each time: documents, each in force from a time F on. Source: docs/semantics-life.md, 14.

A decision at time X (an event with t = X, a fact or a deadline at X) uses the document in force at X. All stages of a
process share one history. A live worker appends the documents of the topic `recipes` in the order of the topic. F is
the larger of `from` and 5 s after the append time. If two documents have the same F, the later record wins, so reading
one twice changes nothing. A document must be appended before the evidence or the watermark of any stage passes its F:
the stages apply it to all persons at F, and do not go back.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from copy import copy
from typing import Final

from msgspec import Struct, structs

from stream.recipes.recipe import Recipe, Recipes

START: Final = -1
"""Before all times."""

_LAST: Final = 2**63
"""After all times."""


class Document(Struct, frozen=True):
    """A whole recipes file, in force from `since` (ms) on, START: from the start · `by`, `note`: of who published it."""

    recipes: Recipes
    since: int = START
    by: str = ""
    note: str = ""


class History:
    """Documents in the order in which they come into force; the first holds from the start."""

    def __init__(self, first: Recipes, later: Iterable[Document] = ()) -> None:
        self._all: Final = [Document(first)]
        self._since: Final = [START]
        self._now: tuple[int, int, Recipes] = (START, _LAST, first)
        """The last result of `at`, and the times (ms) between which it is in force."""
        self._popups: tuple[int, int] = first.popups
        self._is_complete = True
        for document in later:
            self.append(document)

    @classmethod
    def of(cls, recipes: "Recipes | History") -> "History":
        """The history itself, or a history of recipes that are always in force."""
        return recipes if isinstance(recipes, cls) else cls(recipes)  # type: ignore[arg-type]

    @property
    def documents(self) -> tuple[Document, ...]:
        self._complete()
        return tuple(self._all)

    def append(self, document: Document) -> None:
        """Adds a document that comes into force at its `since` (ms, 0 or later)."""
        place = bisect_left(self._since, document.since)
        if self._since[place : place + 1] == [document.since]:
            self._all[place] = document
        else:
            self._all.insert(place, document)
            self._since.insert(place, document.since)
        self._now = (0, 0, document.recipes)
        found = [each.recipes.popups for each in self._all if each.recipes.popups[0]]
        looks, ages = zip(*found, strict=True) if found else ((0,), (0,))
        self._popups = min(looks), min(ages)
        self._is_complete = False

    def _complete(self) -> None:
        """Makes every document remember fired steps as long as any document needs, and know the recipes of all.

        A worker does not know future documents. It remembers fired steps for at least FIRED_FOR, so only a longer cap or
        cooldown can find fewer steps than in a backtest, which knows all documents.
        """
        if self._is_complete:
            return
        self._is_complete = True
        longest = max(each.recipes.remembers for each in self._all)
        known: dict[str, Recipe] = {}
        for place, each in enumerate(self._all):
            recipes = copy(each.recipes)
            recipes.remembers, recipes.former, recipes.watches = longest, known, True
            self._all[place] = structs.replace(each, recipes=recipes)
            known = known | recipes.by_alias

    def at(self, time: int) -> Recipes:
        """The recipes in force at `time` (ms)."""
        begun, ended, recipes = self._now
        if begun <= time < ended:
            return recipes
        self._complete()
        place = bisect_right(self._since, max(time, START)) - 1
        ended = self._since[place + 1] if place + 1 < len(self._since) else _LAST
        recipes = self._all[place].recipes
        self._now = self._since[place], ended, recipes
        return recipes

    def document_at(self, time: int) -> Document:
        """The document in force at `time` (ms)."""
        self._complete()
        return self._all[bisect_right(self._since, max(time, START)) - 1]

    def next_after(self, time: int) -> int | None:
        """When (ms) the first document after `time` comes into force; None if there is none."""
        place = bisect_right(self._since, max(time, START))
        return self._since[place] if place < len(self._since) else None

    def before(self, time: int) -> Recipes:
        """The recipes in force just before `time` (ms)."""
        return self.at(time - 1)

    @property
    def audiences(self) -> frozenset[str]:
        """The names of all audiences of all documents."""
        return frozenset(name for each in self._all for name in each.recipes.audiences.places)

    @property
    def popups(self) -> tuple[int, int]:
        """As `Recipes.popups`, over all documents: the first look and age (ms) at which one may show a popup."""
        return self._popups
