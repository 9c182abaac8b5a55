"""What a worker and its consumer group ask of each other, and what a worker asks about topics.

`BatchConsumer` is the Group of a worker, `Rebalance` its RebalanceListener, `Offsets` its PartitionBounds. The tests
have all three in memory.
"""

from collections.abc import Iterable, Mapping
from typing import Protocol

from faust.types import TP

from agents.kafka.offsets import Partitions

Member = tuple[int, str]
"""(generation, member id); the generation is -1 once the group has cast the worker out."""


class Group(Protocol):
    """The worker's place in the consumer group."""

    @property
    def member(self) -> Member:
        """As of the last answer of the coordinator."""

    def assignment(self) -> Iterable[TP]:
        """The partitions that the group has given to this worker."""

    def hold(self) -> None:
        """Stops the input. What was fetched and not yet applied is dropped; it is fetched again."""

    async def seek_wait(self, positions: Mapping[TP, int]) -> None:
        """Fetches each partition from this offset on."""

    async def committed_offsets(self, partitions: list[TP]) -> dict[TP, int | None]:
        """The offsets that the group has committed; None where there is none."""

    async def commit_offsets(self, offsets: Mapping[TP, int]) -> bool:
        """Commits. Returns False when a rebalance came first. Raises KafkaError for what will not pass."""


class PartitionBounds(Protocol):
    """Where partitions begin and end."""

    async def beginnings(self, partitions: Partitions) -> dict[tuple[str, int], int]:
        """The offsets of the first records that are still there."""

    async def ends(self, partitions: Partitions) -> dict[tuple[str, int], int]:
        """The offsets behind the last records."""


class RebalanceListener(Protocol):
    """Is told what the group does, one call after another: revoked, then assigned, then resume."""

    async def on_revoked(self, lost: bool) -> None:
        """The group rebalances. `lost`: it already has, without this worker."""

    async def on_assigned(self) -> None:
        """The group has settled. The input is still held."""

    async def resume(self) -> None:
        """Sets the position of every partition. The input flows afterwards."""
