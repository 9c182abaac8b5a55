"""Ended watches by recipe, version and arm: of each recipe and person the first in the time looked at.

A person whose first watch ran under an older version stays with that version: what a recipe did once would
otherwise count for the next one, too. Times in ms. Source: docs/semantics-life.md, 15.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

import msgspec
from msgspec import Struct

from agents.lift.intervals import Sample
from stream.outputs.outcomes import WatchOutcome


class Compared(NamedTuple):
    """What is compared by itself."""

    recipe: str
    version: int
    arm: str | None


class WatchedGroup(Struct):
    """Persons of one group, those of them with an order, and what their orders came to, squared too."""

    persons: int = 0
    ordered: int = 0
    value: float = 0.0
    squares: float = 0.0

    def add(self, watch: WatchOutcome) -> None:
        self.persons += 1
        self.ordered += watch.orders > 0
        self.value += watch.value
        self.squares += watch.value * watch.value

    @property
    def sample(self) -> Sample:
        """What each person spent."""
        return Sample(self.persons, self.value, self.squares)


class Groups(Struct):
    treated: WatchedGroup
    held: WatchedGroup


_read: Final = msgspec.json.Decoder(WatchOutcome).decode


class FirstWatches:
    """Fed with the values of the topic, in any order; a watch that comes twice counts once. `since` and `until`:
    when a watch may have opened, the end not included; `read`: how many did."""

    def __init__(self, since: int | None = None, until: int | None = None) -> None:
        self._since, self._until = since, until
        self._first: dict[tuple[str, str], WatchOutcome] = {}
        self.read = 0

    def add(self, value: bytes) -> None:
        """Raises msgspec.MsgspecError."""
        watch = _read(value)
        if self._since is not None and watch.at < self._since:
            return
        if self._until is not None and watch.at >= self._until:
            return
        self.read += 1
        key = watch.recipe, watch.person
        known = self._first.get(key)
        if known is None or (watch.at, watch.trigger_id) < (known.at, known.trigger_id):
            self._first[key] = watch

    def groups(self) -> dict[Compared, Groups]:
        """By recipe, then by version and arm, those without an arm first."""
        found: dict[Compared, Groups] = {}
        for watch in self._first.values():
            compared = Compared(watch.recipe, watch.version, watch.arm)
            groups = found.setdefault(compared, Groups(WatchedGroup(), WatchedGroup()))
            (groups.held if watch.group == "held" else groups.treated).add(watch)
        return dict(sorted(found.items(), key=lambda each: (*each[0][:2], each[0].arm or "")))


def first_watches(values: Iterable[bytes], since: int | None, until: int | None) -> FirstWatches:
    """Raises msgspec.MsgspecError."""
    found = FirstWatches(since, until)
    for value in values:
        found.add(value)
    return found
