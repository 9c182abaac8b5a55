"""What a partition processor needs of its stage. `stream/stages/stage.py` is the base of all stages."""

from collections.abc import Iterator
from typing import Protocol

from stream.outputs.outputs import Outputs
from stream.store.changelog import Changes, Entries


class AnyStage(Protocol):
    """A stage of one partition.

    `most`: deadlines and records of one call, None: all.
    `position`: the next offset of the input.
    """

    most: int | None
    position: int

    @property
    def clock(self) -> int:
        """The time (ms) up to which the stage has decided."""

    @property
    def owes(self) -> bool:
        """Whether `catch_up` has more to do."""

    @property
    def next_deadline(self) -> int | None:
        """No deadline fires before this time (ms). None: there is no deadline."""

    @property
    def keys(self) -> int:
        """The number of keys with a state."""

    @property
    def size(self) -> int:
        """Bytes of all packed states."""

    @property
    def changed(self) -> bool:
        """Whether a state has changed since it was written."""

    @property
    def unwritten(self) -> int:
        """The number of states that have changed since they were written."""

    def pack_ahead(self, most: int) -> object:
        """Packs at most so many changed states. The next call of `parts` gives their records."""

    @property
    def written(self) -> bool:
        """Whether the changelog has any record."""

    def catch_up(self, out: Outputs) -> None:
        """Fires some of the due deadlines, or applies some of the waiting records."""

    def parts(self) -> Iterator[Changes]:
        """The changelog records since the last call, in parts."""

    def committed(self, offset: int) -> None:
        """The group has committed `offset`."""

    def restore(self, records: Entries) -> None:
        """Takes in records of the changelog. Raises UnreadableState."""

    def restored(self) -> None:
        """Ends a restore."""
