"""The base class of all stages: states by record key, and their changelog. Source: docs/semantics.md, 1."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Final, Generic, TypeVar

from stream.store.any_state import State
from stream.store.changelog import Changes, Entries
from stream.store.keyed import Keyed

S = TypeVar("S", bound=State)


class Stage(ABC, Generic[S]):
    """A stage over one partition. `position`: the next offset of its input."""

    def __init__(self, states: Keyed[S]) -> None:
        self._states: Final = states
        self.position = 0

    def changes(self) -> Changes:
        """All records of `parts`."""
        return list(chain.from_iterable(self.parts()))

    @abstractmethod
    def parts(self) -> Iterator[Changes]:
        """Yields the changelog records since the last call, in the order in which they must be written.

        The last part has the clock, which marks the others as complete. The caller must apply nothing until it has the
        last part.
        """

    @property
    def next_deadline(self) -> int | None:
        """A time (ms) before which no deadline fires. None: there is no deadline."""
        return self._states.next_deadline

    @property
    def keys(self) -> int:
        return len(self._states)

    def state(self, key: str) -> S | None:
        """The state of a key, None if there is none. The caller must not change it."""
        return self._states.get(key)

    @property
    def size(self) -> int:
        """Bytes of all packed states, as of the last call of `changes`."""
        return self._states.size

    @property
    def changed(self) -> bool:
        """Whether a state has changed since the last call of `changes`."""
        return self._states.changed

    @property
    def unwritten(self) -> int:
        """The number of states that have changed since the last call of `changes`."""
        return self._states.unwritten

    def pack_ahead(self, most: int) -> Mapping[str, S]:
        """Packs at most `most` changed states, and returns them. The next call of `changes` gives their records."""
        return self._states.pack_ahead(most)

    @property
    def written(self) -> bool:
        """Whether the changelog has any record. It has one before the first offset is committed."""
        return self._states.written

    def rest(self) -> None:
        """Bounds the memory of states. Called instead of `changes` if no changelog is written."""
        self._states.rest()

    def restore(self, records: Entries) -> None:
        """Adds the states of changelog records, in order. Raises UnreadableState."""
        self._states.restore(records)
