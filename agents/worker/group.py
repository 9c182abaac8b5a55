"""Protocols between a worker and its consumer group, and for questions about topics.

`BatchConsumer` is the Group of a worker, `Rebalance` its RebalanceListener, `Offsets` its PartitionBounds. The
tests have versions of them in memory.
"""

from collections.abc import Iterable, Mapping
from typing import Protocol

from faust.types import TP

from agents.kafka.offsets import Partitions

Member = tuple[int, str]
"""(generation, member id). The generation is -1 once the group has removed the worker."""


class Group(Protocol):
    """The worker's place in the consumer group."""

    @property
    def member(self) -> Member:
        """The member as of the coordinator's last answer."""

    def assignment(self) -> Iterable[TP]:
        """The partitions that the group has given to this worker."""

    def hold(self) -> None:
        """Stops the input. Drops what was fetched and not yet applied; it is fetched again."""

    async def seek_wait(self, positions: Mapping[TP, int]) -> None:
        """Sets the offset from which each partition is fetched."""

    async def committed_offsets(self, partitions: list[TP]) -> dict[TP, int | None]:
        """The committed offsets of the group. None for a partition without one."""

    async def commit_offsets(self, offsets: Mapping[TP, int]) -> bool:
        """Commits. Returns False if a rebalance came first. Raises KafkaError for errors that are not temporary."""


class PartitionBounds(Protocol):
    """Where partitions begin and end."""

    async def beginnings(self, partitions: Partitions) -> dict[tuple[str, int], int]:
        """The offset of the first retained record of each partition."""

    async def ends(self, partitions: Partitions) -> dict[tuple[str, int], int]:
        """The offset behind the last record of each partition."""


class RebalanceListener(Protocol):
    """Hears what the group does, one call after another: revoked, then assigned, then resume."""

    async def on_revoked(self, lost: bool) -> None:
        """The group begins a rebalance. `lost`: it has already ended one without this worker."""

    async def on_assigned(self) -> None:
        """The group has assigned the partitions. The input is still held."""

    async def resume(self) -> None:
        """Sets the position of every partition. Afterwards the input flows."""
