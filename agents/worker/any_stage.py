"""What a partition processor needs of its stage, whichever it is. `stream/stages/stage.py` is the base of all of them."""

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
        """Time (ms) up to which the stage has decided."""

    @property
    def owes(self) -> bool:
        """Whether `catch_up` would do more."""

    @property
    def next_deadline(self) -> int | None:
        """A lower bound (ms) of the time at which a deadline could fire."""

    @property
    def keys(self) -> int:
        """Keys with state."""

    @property
    def size(self) -> int:
        """Bytes of the packed states."""

    @property
    def changed(self) -> bool:
        """Whether a state differs from what is written down."""

    @property
    def written(self) -> bool:
        """Whether anything was ever written down."""

    def catch_up(self, out: Outputs) -> None:
        """Does some of what is due."""

    def parts(self) -> Iterator[Changes]:
        """Changelog records since the last call, a part at a time."""

    def committed(self, offset: int) -> None:
        """The group has committed `offset`."""

    def restore(self, records: Entries) -> None:
        """Takes in records of the changelog. Raises UnreadableState."""

    def restored(self) -> None:
        """All records of the changelog are in."""
