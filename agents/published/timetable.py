"""Finds which published document is in force at a time, and the state of each. Pure. Source: docs/semantics-life.md, 14."""

from collections.abc import Iterable, Sequence
from typing import Any, Final, Literal

from agents.published.published_document import PublishedDocument
from stream.recipes.history import START

State = Literal["in force", "coming", "former", "replaced", "refused"]


class Timetable:
    """The documents by time. `documents`: in the order of the topic.

    If two come into force at the same time, the later record counts, and the other one is never in force.
    """

    def __init__(self, documents: Sequence[PublishedDocument]) -> None:
        self.documents = documents
        holding: dict[int, PublishedDocument] = {}
        for each in documents:
            if each.recipes is not None:
                holding[each.since] = each
        self.in_order: Final = tuple(holding[since] for since in sorted(holding))
        """The documents that are ever in force, by the time from which they are."""

    def at(self, time: int) -> PublishedDocument | None:
        """The document in force at a time (ms), or None before the first."""
        begun = [each for each in self.in_order if each.since <= time]
        return begun[-1] if begun else None

    def before(self, time: int) -> PublishedDocument | None:
        """The document that was in force before the one of `at`, or None if there was none."""
        begun = [each for each in self.in_order if each.since <= time]
        return begun[-2] if begun[1:] else None

    def states(self, now: int) -> list[State]:
        """The state of each document at `now` (ms)."""
        return [self._state(each, now) for each in self.documents]

    def _state(self, document: PublishedDocument, now: int) -> State:
        if document.recipes is None:
            return "refused"
        if document not in self.in_order:
            return "replaced"
        if document.since > now:
            return "coming"
        return "in force" if document is self.at(now) else "former"

    def holding(self, now: int) -> Iterable[PublishedDocument]:
        """The documents in force at `now` (ms) or later."""
        current = self.at(now)
        return [each for each in self.in_order if each is current or each.since > now]

    def as_history(self, first: dict[str, Any]) -> dict[str, Any]:
        """A recipes file with a history, for `backtest` and `load`. `first`: in force before all documents."""
        documents = [first]
        for each in self.in_order:
            if each.since <= START:
                documents = [each.document]
            else:
                documents.append(
                    each.document | {"from": each.since, "by": each.by, "note": each.note}
                )
        return {"history": documents}
