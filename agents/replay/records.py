"""Turns the lines of a backtest file into records of `storefront.events` for a replay.

The time of a record is its line's `t`, and never goes back in a partition. Workers reject the same lines as a
backtest. A line without a time keeps its bytes and gets no key and the latest time so far. A line that is not a
valid event gets no key. Both go to partition 0. Source: docs/semantics.md, 10.
"""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from agents.kafka.partitioner import partition_of
from stream.backtest import MOVES_ON, OutOfOrder, envelope, key
from stream.durations import MINUTE

CLOCK: Final = b'{"type":"clock.advanced"}'


class Record(NamedTuple):
    """A record to write. `time` in ms."""

    partition: int
    time: int
    key: bytes | None
    value: bytes


def records(lines: Iterable[bytes], partitions: int) -> Iterator[Record]:
    """Yields a record for each line, in order. Before the first line of each minute, and 8 days after the last, it
    yields records that advance time in every partition. Raises OutOfOrder.
    """
    reached, minute, number = 0, -1, 0
    for number, line in enumerate(lines, 1):
        found = envelope(line)
        if found is None:
            yield Record(0, reached, None, line)
            continue
        if found.t < reached:
            raise OutOfOrder(number, found.t, reached)
        reached = found.t
        if reached // MINUTE > minute:
            minute = reached // MINUTE
            yield from _clocks(minute * MINUTE, partitions)
        whose = key(line)
        yield Record(0 if whose is None else partition_of(whose, partitions), reached, whose, line)
    if number:
        yield from _clocks(reached + MOVES_ON, partitions)


def _clocks(time: int, partitions: int) -> Iterator[Record]:
    return (Record(partition, time, None, CLOCK) for partition in range(partitions))
