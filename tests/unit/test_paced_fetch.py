"""When the next fetch begins, and what a fetch hands over."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from types import SimpleNamespace
from typing import Any, Final

import pytest
from aiokafka.errors import CorruptRecordException, KafkaConnectionError
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.structs import TopicPartition

from agents.kafka import paced_fetch, raw_batches
from agents.kafka.paced_fetch import FetchedBatches, PacedFetch

PAUSE_S: Final = 0.2
NODE: Final = 1
TP: Final = TopicPartition("storefront.events", 0)
OTHER: Final = TopicPartition("storefront.events", 1)


def batch(base: int, records: int = 1, size: int = 10) -> bytes:
    """As a broker stores it, from offset `base` on."""
    builder = DefaultRecordBatchBuilder(2, 0, False, -1, -1, -1, 10**9)
    for number in range(records):
        builder.append(number, timestamp=1, key=b"k", value=b"v" * size, headers=[])
    built = bytearray(builder.build())
    built[:8] = base.to_bytes(8, "big")
    return bytes(built)


PLENTY: Final = batch(0, size=paced_fetch.PLENTY)


class State:
    """Of a partition: where it is read."""

    paused = False
    has_valid_position = True

    def __init__(self, position: int = 0) -> None:
        self.position = position

    def consumed_to(self, position: int) -> None:
        self.position = position


class Assignment:
    def __init__(self) -> None:
        self.active = True
        self.states = {TP: State(), OTHER: State()}

    def state_value(self, tp: TopicPartition) -> State:
        return self.states[tp]


def answer(data: bytes, error: int = 0) -> Any:
    """Of the first partition; the second has nothing to tell."""
    told = [(TP.partition, error, 9, 9, 0, None, -1, data)] if data or error else []
    return SimpleNamespace(API_VERSION=paced_fetch.NEWEST, topics=[(TP.topic, told)])


class Fetcher:
    """Of aiokafka, as far as it is replaced. `answers`: what each fetch brings, or raises; then nothing more comes."""

    _check_crcs = True
    _isolation_level = 1

    def __init__(self, *answers: Any) -> None:
        self._answers = list(answers)
        self._client = self._subscriptions = self
        self.began: list[float] = []
        self.asked: list[int] = []
        self.itself = 0

    @contextmanager
    def fetch_context(self) -> Iterator[None]:
        yield

    async def send(self, node: int, request: FetchRequest) -> Any:
        self.began.append(time.monotonic())
        self.asked.append(request.topics[0][1][0][1])
        if not self._answers:
            await asyncio.Future()
        found = self._answers.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    async def _proc_fetch_request(self, assignment: Any, node: int, request: Any) -> bool:
        self.itself += 1
        return True


def request() -> FetchRequest:
    listed = [(TP.partition, 0, 10**6), (OTHER.partition, 0, 10**6)]
    return FetchRequest(500, 1, 10**6, 1, [(TP.topic, listed)])


class Run:
    """A fetch in a loop, whose results are taken as they come, unless `take` is False."""

    def __init__(self, *answers: Any, take: bool = True) -> None:
        self.fetcher = Fetcher(*answers)
        self.assignment = Assignment()
        self.brought: list[FetchedBatches] = []
        self.found: list[tuple[TopicPartition, list[int]]] = []
        self._take = take
        self.fetch = PacedFetch(self.fetcher, PAUSE_S, self._deliver)

    def _deliver(self, brought: FetchedBatches) -> None:
        self.brought.append(brought)
        if self._take:
            self.take()

    def take(self) -> None:
        for tp, batches in self.brought[-1].take(lambda tp: True).items():
            self.found.append((tp, [each.base for each in batches]))

    async def for_a_while(self, seconds: float = 3 * PAUSE_S) -> bool | None:
        """What the fetch has answered; None: it was still at work."""
        task = asyncio.ensure_future(self.fetch(self.assignment, NODE, request()))
        done, _ = await asyncio.wait([task], timeout=seconds)
        if not done:
            task.cancel()
            assert await task is False
            return None
        return task.result()

    def waits(self) -> list[float]:
        """From fetch to fetch (s)."""
        return [later - sooner for sooner, later in pairwise(self.fetcher.began)]


@pytest.mark.parametrize(
    ("brought", "paused"),
    [(batch(0), True), (b"", False), (PLENTY, False)],
    ids=["a little", "nothing", "plenty"],
)
def test_the_next_fetch_waits_after_one_that_brought_a_little(brought: bytes, paused: bool) -> None:
    """What comes after a silence, and what comes in masses, is brought at once."""
    run = Run(answer(brought))
    asyncio.run(run.for_a_while())
    assert [wait >= PAUSE_S for wait in run.waits()] == [paused]


def test_each_fetch_asks_for_what_follows() -> None:
    run = Run(answer(batch(0, 3) + batch(3, 2)), answer(batch(5)))
    asyncio.run(run.for_a_while())
    assert run.found == [(TP, [0, 3]), (TP, [5])]
    assert run.fetcher.asked == [0, 5, 6]
    assert run.assignment.states[OTHER].position == 0


def test_nothing_is_fetched_before_what_came_is_taken() -> None:
    run = Run(answer(PLENTY), answer(batch(1)), take=False)

    async def taken_late() -> None:
        task = asyncio.ensure_future(run.for_a_while())
        await asyncio.sleep(PAUSE_S)
        assert len(run.fetcher.began) == 1
        await asyncio.to_thread(run.take)  # as the loop that processes does: in another thread
        await task

    asyncio.run(taken_late())
    assert run.fetcher.asked == [0, 1]


def test_much_comes_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raw_batches, "AT_ONCE", 0)
    monkeypatch.setattr(raw_batches, "as_blocks", {TP.topic})
    run = Run(answer(PLENTY + batch(1)))
    asyncio.run(run.for_a_while())
    assert run.found == [(TP, [0]), (TP, [1])]


def test_what_is_sought_elsewhere_meanwhile_is_left_out() -> None:
    run = Run(answer(batch(0)), answer(batch(7)), take=False)

    async def sought() -> None:
        task = asyncio.ensure_future(run.for_a_while())
        await asyncio.sleep(PAUSE_S / 2)
        run.assignment.states[TP].position = 7
        run.take()
        await task

    asyncio.run(sought())
    assert run.found == []
    assert run.fetcher.asked == [0, 7]


def test_a_partition_that_is_not_wanted_keeps_its_place() -> None:
    run = Run(answer(batch(0)), take=False)
    asyncio.run(run.for_a_while(PAUSE_S / 2))
    assert run.brought[0].take(lambda tp: tp == OTHER) == {}
    assert run.assignment.states[TP].position == 0


def test_batches_of_a_partition_that_was_assigned_again_are_dropped() -> None:
    run = Run(answer(batch(0)), take=False)
    asyncio.run(run.for_a_while(PAUSE_S / 2))
    run.assignment.active = False
    assert run.brought[0].take(lambda tp: True) == {}


@pytest.mark.parametrize(
    "odd",
    [
        answer(b"", error=6),
        answer(batch(0)[:-1]),
        SimpleNamespace(API_VERSION=10, topics=[]),
        KafkaConnectionError(),
    ],
    ids=["an error of a partition", "not one whole batch", "an older broker", "no broker"],
)
def test_whatever_is_not_plain_is_left_to_aiokafka(odd: Any) -> None:
    run = Run(odd)
    assert asyncio.run(run.for_a_while()) is True
    assert run.fetcher.itself == 1
    assert [each.elsewhere for each in run.brought] == [True]


def test_a_corrupt_batch_is_reported_and_its_position_kept() -> None:
    broken = bytearray(batch(0))
    broken[-1] ^= 1
    run = Run(answer(bytes(broken)))
    assert asyncio.run(run.for_a_while()) is False
    assert isinstance(run.brought[0].error, CorruptRecordException)
    assert run.assignment.states[TP].position == 0


def test_a_fetch_that_is_not_wanted_any_more_has_brought_nothing() -> None:
    """aiokafka cancels it when the partitions change, and asks for its result."""
    assert asyncio.run(Run().for_a_while(0.01)) is None


def test_aiokafka_looks_now_and_then_at_what_is_to_be_fetched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(paced_fetch, "IDLE_S", 0.01)
    run = Run(answer(b""), *(answer(batch(n)) for n in range(3)))
    assert asyncio.run(run.for_a_while()) is False
