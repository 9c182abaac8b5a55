"""What a partition processor needs of its stage. `stream/stages/stage.py` is the base of all stages."""

from collections.abc import Iterator
from typing import Protocol

from stream.outputs.outputs import Outputs
from stream.store.changelog import Changes, Entries


class AnyStage(Protocol):
    """A stage of one partition.

    `most`: deadlines or records that one call handles; None: all.
    `position`: the next input offset.
    """

    most: int | None
    position: int

    @property
    def clock(self) -> int:
        """The time (ms) up to which the stage has decided."""

    @property
    def owes(self) -> bool:
        """Whether due deadlines or waiting records are left for `catch_up`."""

    @property
    def next_deadline(self) -> int | None:
        """A time (ms) before which no deadline fires. None: there is no deadline."""

    @property
    def keys(self) -> int:
        """The number of keys with a state."""

    @property
    def size(self) -> int:
        """Bytes of all packed states."""

    @property
    def changed(self) -> bool:
        """Whether a state has changed since the last call of `parts`."""

    @property
    def unwritten(self) -> int:
        """The number of states that have changed since they were written."""

    def pack_ahead(self, most: int) -> object:
        """Packs at most `most` changed states. The next call of `parts` gives their records."""

    @property
    def written(self) -> bool:
        """Whether the changelog has any record."""

    def catch_up(self, out: Outputs) -> None:
        """Fires some of the due deadlines, or applies some of the waiting records."""

    def parts(self) -> Iterator[Changes]:
        """Yields the changelog records of the states that changed since the last call."""

    def committed(self, offset: int) -> None:
        """Notes that the group has committed `offset`."""

    def restore(self, records: Entries) -> None:
        """Adds the states of changelog records. Raises UnreadableState."""

    def restored(self) -> None:
        """Ends a restore."""
