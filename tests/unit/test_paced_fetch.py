"""How long a fetch waits for records, and what it hands over."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, Final

import pytest
from aiokafka.errors import CorruptRecordException, KafkaConnectionError
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.structs import TopicPartition

from agents.kafka import paced_fetch, raw_batches
from agents.kafka.fetched_batches import FetchedBatches
from agents.kafka.paced_fetch import PacedFetch

GATHER_S: Final = 0.2
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
        self.waits: list[tuple[int, int]] = []
        self.asked: list[int] = []
        self.itself = self.polls = 0

    @contextmanager
    def fetch_context(self) -> Iterator[None]:
        self.polls += 1
        yield

    async def send(self, node: int, request: FetchRequest) -> Any:
        self.waits.append((request._max_wait_ms, request._min_bytes))
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

    def __init__(self, *answers: Any, take: bool = True, gather_s: float = GATHER_S) -> None:
        self.fetcher = Fetcher(*answers)
        self.assignment = Assignment()
        self.brought: list[FetchedBatches] = []
        self.found: list[tuple[TopicPartition, list[int]]] = []
        self._take = take
        self._gather_s = gather_s

    def _deliver(self, brought: FetchedBatches) -> None:
        self.brought.append(brought)
        if self._take:
            self.take()

    def take(self) -> None:
        for tp, batches in self.brought[-1].take(lambda tp: True).items():
            self.found.append((tp, [each.base for each in batches]))

    def paced(self) -> PacedFetch:
        loop = asyncio.get_running_loop()
        return PacedFetch(self.fetcher, self._gather_s, self.fetcher.send, self._deliver, loop)

    async def for_a_while(self, seconds: float = 3 * GATHER_S) -> bool | None:
        """What the fetch has answered; None: it was still at work."""
        task = asyncio.ensure_future(self.paced()(self.assignment, NODE, request()))
        done, _ = await asyncio.wait([task], timeout=seconds)
        if not done:
            task.cancel()
            assert await task is False
            return None
        return task.result()


class Clock:
    """The time as the fetch sees it: it stands until it is set on."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(paced_fetch, "time", clock)
    return clock


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize(
    ("brought", "gathers"),
    [(batch(0), True), (b"", False), (PLENTY, True)],
    ids=["a little", "nothing", "plenty"],
)
def test_records_gather_for_a_fetch_after_one_that_brought_some(
    brought: bytes, gathers: bool
) -> None:
    """What comes after a silence, and what comes in masses, is brought at once."""
    run = Run(answer(brought), answer(b""))
    asyncio.run(run.for_a_while())
    first, second, last = run.fetcher.waits
    assert first == last == (500, 1)
    assert second == ((GATHER_S * 1000, paced_fetch.PLENTY) if gathers else (500, 1))


@pytest.mark.parametrize("passed", [0.25, 1, 1.5])
def test_records_gather_from_the_moment_at_which_the_last_ones_came(
    passed: float, clock: Clock
) -> None:
    """What was brought takes time to apply; records gather meanwhile. Here it takes so much of the time to gather."""
    run = Run(answer(batch(0)), take=False)

    async def slowly() -> None:
        going = asyncio.ensure_future(run.paced()(run.assignment, NODE, request()))
        while not run.brought:
            await asyncio.sleep(0.001)
        clock.now += GATHER_S * passed
        run.take()
        while len(run.fetcher.waits) < 2:
            await asyncio.sleep(0.001)
        going.cancel()
        await going

    asyncio.run(slowly())
    wait_ms, least = run.fetcher.waits[1]
    if passed < 1:
        assert abs(wait_ms - GATHER_S * 1000 * (1 - passed)) <= 1
        assert least == paced_fetch.PLENTY
    else:
        assert (wait_ms, least) == (500, 1)


def test_no_fetch_waits_for_company_where_none_is_wanted() -> None:
    run = Run(answer(batch(0)), gather_s=0)
    asyncio.run(run.for_a_while())
    assert run.fetcher.waits == [(500, 1)] * 2


def test_records_gather_over_the_looks_of_aiokafka(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a fetch a second would bring a single record."""
    monkeypatch.setattr(paced_fetch, "IDLE_S", 0)
    run = Run(answer(batch(0)))

    async def looks() -> None:
        fetch = run.paced()
        assert await fetch(run.assignment, NODE, request()) is False
        monkeypatch.setattr(paced_fetch, "IDLE_S", 1)
        again = asyncio.ensure_future(fetch(run.assignment, NODE, request()))
        await asyncio.sleep(GATHER_S / 2)
        again.cancel()

    asyncio.run(looks())
    assert [most for _, most in run.fetcher.waits] == [1, paced_fetch.PLENTY]


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
        await asyncio.sleep(GATHER_S)
        assert len(run.fetcher.asked) == 1
        run.take()
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
        await asyncio.sleep(GATHER_S / 2)
        run.assignment.states[TP].position = 7
        run.take()
        await task

    asyncio.run(sought())
    assert run.found == []
    assert run.fetcher.asked == [0, 7]


def test_a_partition_that_is_not_wanted_keeps_its_place() -> None:
    run = Run(answer(batch(0)), take=False)
    asyncio.run(run.for_a_while(GATHER_S / 2))
    assert run.brought[0].take(lambda tp: tp == OTHER) == {}
    assert run.assignment.states[TP].position == 0


def test_batches_of_a_partition_that_was_assigned_again_are_dropped() -> None:
    run = Run(answer(batch(0)), take=False)
    asyncio.run(run.for_a_while(GATHER_S / 2))
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


def test_fetches_run_in_the_loop_that_processes_and_not_in_the_fetchers_thread() -> None:
    run = Run(answer(batch(0)), answer(b"", error=6))
    threads = set[str]()

    async def sent(node: int, request: FetchRequest) -> Any:
        threads.add(threading.current_thread().name)
        return await run.fetcher.send(node, request)

    async def fetched() -> bool:
        main = asyncio.get_running_loop()

        def in_a_thread() -> bool:
            fetch = PacedFetch(run.fetcher, GATHER_S, sent, run._deliver, main)
            return asyncio.run(fetch(run.assignment, NODE, request()))

        return await asyncio.to_thread(in_a_thread)

    assert asyncio.run(fetched()) is True
    assert run.found == [(TP, [0])]
    assert threads == {threading.current_thread().name}
    assert [each.elsewhere for each in run.brought] == [False, True]


def test_each_look_of_aiokafka_counts_as_a_poll() -> None:
    """Else the group would take a consumer that takes its batches elsewhere for a hanging one."""
    run = Run(answer(b"", error=6))
    asyncio.run(run.for_a_while())
    assert run.fetcher.polls == 1


def test_a_fetch_that_is_not_wanted_any_more_has_brought_nothing() -> None:
    """aiokafka cancels it when the partitions change, and asks for its result."""
    assert asyncio.run(Run().for_a_while(0.01)) is None


def test_aiokafka_looks_now_and_then_at_what_is_to_be_fetched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(paced_fetch, "IDLE_S", 0)
    run = Run(answer(batch(0)))
    assert asyncio.run(run.for_a_while()) is False


def test_aiokafka_decides_once_a_second_and_not_a_moment_before_a_fetch_ends() -> None:
    run = Run()

    async def made() -> None:
        run.paced()

    asyncio.run(made())
    fetcher: Any = run.fetcher
    assert (fetcher._fetcher_timeout, fetcher._fetch_max_wait_ms) == (2.0, 1000)
    assert isinstance(fetcher._proc_fetch_request, PacedFetch)


def test_a_paused_partition_or_one_without_a_position_ends_the_rounds() -> None:
    for change in ("paused", "has_valid_position"):
        run = Run(answer(batch(0)), answer(batch(1)))
        setattr(run.assignment.states[TP], change, change == "paused")
        assert asyncio.run(run.for_a_while()) is False
        assert len(run.fetcher.asked) == 1


def test_a_taken_fetch_is_taken_for_whoever_waits_and_whoever_comes_later() -> None:
    async def test() -> None:
        fetched = FetchedBatches(Assignment())
        assert not fetched
        assert FetchedBatches(Assignment(), elsewhere=True)
        assert FetchedBatches(Assignment(), error=OSError())
        waiting = asyncio.create_task(fetched.taken())
        await asyncio.sleep(0)
        assert not waiting.done()
        fetched.take(lambda tp: True)
        await asyncio.wait_for(waiting, 1)
        await asyncio.wait_for(fetched.taken(), 1)

    asyncio.run(test())


def test_an_answer_of_a_revoked_assignment_is_dropped() -> None:
    run = Run(answer(batch(0)))
    run.assignment.active = False
    assert asyncio.run(run.for_a_while()) is False
    assert run.brought == []
    assert run.fetcher.itself == 0


def test_records_are_read_whichever_replica_the_broker_prefers() -> None:
    told = [(TP.partition, 0, 9, 9, 0, None, 0, batch(0))]
    found = SimpleNamespace(API_VERSION=paced_fetch.NEWEST, topics=[(TP.topic, told)])
    run = Run(found)
    asyncio.run(run.for_a_while(GATHER_S / 2))
    assert run.found == [(TP, [0])]
