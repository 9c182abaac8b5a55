"""The common part of the stages: states by key, and their changelog. Source: docs/semantics.md, 1."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from itertools import chain
from typing import Final, Generic, TypeVar

from stream.store.changelog import Changes, Entries
from stream.store.keyed import Keyed, State

S = TypeVar("S", bound=State)


class Stage(ABC, Generic[S]):
    """The states of one partition. `position`: the next offset of the input."""

    def __init__(self, states: Keyed[S]) -> None:
        self._states: Final = states
        self.position = 0

    def changes(self) -> Changes:
        """All of `parts`."""
        return list(chain.from_iterable(self.parts()))

    @abstractmethod
    def parts(self) -> Iterator[Changes]:
        """Changelog records since the last call, to land in this order, a part at a time; the last vouches for the
        rest. Until it is given nothing may be applied.
        """

    @property
    def next_deadline(self) -> int | None:
        """A lower bound (ms) of the time at which a deadline could fire."""
        return self._states.next_deadline

    @property
    def keys(self) -> int:
        return len(self._states)

    def state(self, key: str) -> S | None:
        """The state of a key, not to be changed; None if there is none."""
        return self._states.get(key)

    @property
    def size(self) -> int:
        """Bytes of the packed states, as of the last call of `changes`."""
        return self._states.size

    @property
    def changed(self) -> bool:
        """Whether a state differs from what is written down."""
        return self._states.changed

    @property
    def written(self) -> bool:
        """Whether anything was ever written down: it was, before any offset was committed."""
        return self._states.written

    def rest(self) -> None:
        """In place of `changes` where nothing is written down: keeps what is held in its bounds."""
        self._states.rest()

    def restore(self, records: Entries) -> None:
        """Takes in records of the changelog, in its order. Raises UnreadableState."""
        self._states.restore(records)
