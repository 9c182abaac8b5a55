"""Protocols for a worker's consumer group, for rebalances, and for the offsets at which partitions begin and end.

`BatchConsumer` implements Group, `Rebalance` RebalanceListener, `Offsets` PartitionBounds. The tests implement
them in memory.
"""

from collections.abc import Iterable, Mapping
from typing import Protocol

from faust.types import TP

from agents.kafka.offsets import Partitions

Member = tuple[int, str]
"""(generation, member id). The generation is -1 once the group has removed the worker."""


class Group(Protocol):
    """The consumer group, as the worker sees it."""

    @property
    def member(self) -> Member:
        """This worker's generation and member id, from the coordinator's last answer."""

    def assignment(self) -> Iterable[TP]:
        """The partitions that the group has assigned to this worker."""

    def hold(self) -> None:
        """Stops the input. Fetched batches that are not applied yet are dropped, and fetched again."""

    async def seek_wait(self, positions: Mapping[TP, int]) -> None:
        """Sets the offset from which each partition is fetched."""

    async def committed_offsets(self, partitions: list[TP]) -> dict[TP, int | None]:
        """The group's committed offset of each partition, None for one without."""

    async def commit_offsets(self, offsets: Mapping[TP, int]) -> bool:
        """Commits. Returns False if a rebalance came first. Raises KafkaError for errors that are not temporary."""


class PartitionBounds(Protocol):
    """The offsets at which partitions begin and end."""

    async def beginnings(self, partitions: Partitions) -> dict[tuple[str, int], int]:
        """The offset of the first retained record of each partition."""

    async def ends(self, partitions: Partitions) -> dict[tuple[str, int], int]:
        """The offset after the last record of each partition."""


class RebalanceListener(Protocol):
    """Handles a rebalance, in three calls one after another: on_revoked, on_assigned, resume."""

    async def on_revoked(self, lost: bool) -> None:
        """Called when a rebalance begins. `lost`: the group has already completed one without this worker."""

    async def on_assigned(self) -> None:
        """Called when the group has assigned partitions. The input is still held."""

    async def resume(self) -> None:
        """Sets the position of every partition, and lets the input flow."""
