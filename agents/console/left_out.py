"""Counts events that this console's collector accepted without a part, or with an unknown type, by type and path.

Workers count the same for events that reach Kafka in other ways (docs/metrics.md). Memory is bounded.
No posted value is kept.
"""

import time
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from agents.collector.notes import Note
from agents.collector.validation import Judged
from agents.console.hub import Hub

MOST: Final = 500
"""Sorts that are counted: combinations of type, path and reason. Few occur."""

SHOWN: Final = 50
EVERY_MS: Final = 60_000
"""At most one live event of a sort in this time (ms), so that one frequent fault does not hide the others."""


class PartSort(NamedTuple):
    """A sort of left-out part. Parts with equal fields are counted together; all fields come from closed sets."""

    source: str
    type: str
    reason: str
    path: str
    expected: str
    got: str
    meant: str | None


class PartsLeftOut:
    """The counts by sort. `clock`: returns this machine's time (ms)."""

    def __init__(
        self, hub: Hub, clock: Callable[[], int] = lambda: time.time_ns() // 1_000_000
    ) -> None:
        self._hub = hub
        self._clock = clock
        self._number: dict[PartSort, int] = {}
        self._last: dict[PartSort, int] = {}
        self._published_at: dict[PartSort, int] = {}
        self._published = 0

    def take(self, source: str, judged: Judged) -> None:
        """Counts the parts that were left out of the accepted events of a post."""
        for kind, note in judged.left_out:
            self._take(_sort(source, kind, note))

    def _take(self, sort: PartSort) -> None:
        if sort not in self._number and len(self._number) >= MOST:
            return
        now = self._clock()
        self._number[sort] = self._number.get(sort, 0) + 1
        self._last[sort] = now
        if now - self._published_at.get(sort, now - EVERY_MS) >= EVERY_MS:
            self._published_at[sort] = now
            self._published += 1
            position = {"topic": "collect", "partition": 0, "offset": self._published, "t": now}
            self._hub.publish("left_out", sort._asdict() | position)

    def rows(self) -> list[dict[str, Any]]:
        """The most frequent sorts, each with its `number` and the time `last` (ms)."""
        ranked = sorted(self._number, key=lambda sort: (-self._number[sort], sort[:4]))
        return [
            sort._asdict() | {"number": self._number[sort], "last": self._last[sort]}
            for sort in ranked[:SHOWN]
        ]


def _sort(source: str, kind: str, note: Note) -> PartSort:
    return PartSort(source, kind, note.reason, note.path, note.expected, note.got, note.meant)
