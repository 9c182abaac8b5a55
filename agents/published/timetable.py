"""Which published document is in force when, and what has become of each. Pure. Source: docs/semantics-life.md, 14."""

from collections.abc import Iterable, Sequence
from typing import Any, Final, Literal

from agents.published.published_document import PublishedDocument
from stream.recipes.history import START

State = Literal["in force", "coming", "former", "replaced", "refused"]


class Timetable:
    """`documents`: in the order of the topic. Of two that come into force at one time the later record holds, and the
    other one never does."""

    def __init__(self, documents: Sequence[PublishedDocument]) -> None:
        self.documents = documents
        holding: dict[int, PublishedDocument] = {}
        for each in documents:
            if each.recipes is not None:
                holding[each.since] = each
        self.in_order: Final = tuple(holding[since] for since in sorted(holding))
        """Those that ever hold, by the time from which on they do."""

    def at(self, time: int) -> PublishedDocument | None:
        """The document in force at a time (ms); None before the first."""
        begun = [each for each in self.in_order if each.since <= time]
        return begun[-1] if begun else None

    def before(self, time: int) -> PublishedDocument | None:
        """The one that was in force before that one; None: what holds before the first."""
        begun = [each for each in self.in_order if each.since <= time]
        return begun[-2] if begun[1:] else None

    def states(self, now: int) -> list[State]:
        """Of each document, at `now` (ms)."""
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
        """Those in force at `now` or later."""
        current = self.at(now)
        return [each for each in self.in_order if each is current or each.since > now]

    def as_history(self, first: dict[str, Any]) -> dict[str, Any]:
        """A recipes file with a history, for `backtest` and `load`; `first` holds before all of them."""
        documents = [first]
        for each in self.in_order:
            if each.since <= START:
                documents = [each.document]
            else:
                told = {"from": each.since, "by": each.by, "note": each.note}
                documents.append(each.document | told)
        return {"history": documents}
