"""Sums ended watches by recipe, version and arm. The first watch of each recipe and person in a period counts.

A person whose first watch ran under an older version stays with that version. Otherwise the effect of one version would
count for the next, too. Times are in ms. Source: docs/semantics-life.md, 15.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

import msgspec
from msgspec import Struct

from agents.lift.intervals import Sample
from stream.outputs.outcomes import WatchOutcome


class Compared(NamedTuple):
    """What gets a comparison of its own. `arm` None: the recipe has no arms."""

    recipe: str
    version: int
    arm: str | None


class WatchedGroup(Struct):
    """Sums over one group. `ordered`: persons with an order · `value`, `squares`: sums of the persons' order values, and
    of their squares."""

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
        """The order value of each person."""
        return Sample(self.persons, self.value, self.squares)


class Groups(Struct):
    treated: WatchedGroup
    held: WatchedGroup


_read: Final = msgspec.json.Decoder(WatchOutcome).decode


class FirstWatches:
    """Collects values of the topic in any order. A watch that comes twice counts once.

    `since`, `until`: the period in which a watch began, without its end; None: no bound · `read`: records in it ·
    `foreign`: records that were left out, because no worker wrote them.
    """

    def __init__(self, since: int | None = None, until: int | None = None) -> None:
        self._since, self._until = since, until
        self._first: dict[tuple[str, str], WatchOutcome] = {}
        self.read = self.foreign = 0

    def add(self, value: bytes) -> None:
        """Adds one value of the topic. Raises msgspec.MsgspecError."""
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
        """The groups, sorted by recipe, version and arm; no arm comes first."""
        groups: dict[Compared, Groups] = {}
        for watch in self._first.values():
            compared = Compared(watch.recipe, watch.version, watch.arm)
            both = groups.setdefault(compared, Groups(WatchedGroup(), WatchedGroup()))
            (both.held if watch.group == "held" else both.treated).add(watch)
        return dict(sorted(groups.items(), key=lambda each: (*each[0][:2], each[0].arm or "")))


def first_watches(values: Iterable[bytes], since: int | None, until: int | None) -> FirstWatches:
    """The watches of these values in a period (ms). Raises msgspec.MsgspecError."""
    watches = FirstWatches(since, until)
    for value in values:
        watches.add(value)
    return watches
