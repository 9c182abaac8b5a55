"""Input waits until all documents are known that may decide it. On a broker in memory."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from agents.config.settings import Settings
from agents.kafka.offsets import Offsets
from agents.kafka.raw_batches import RawBatch
from agents.kafka.topics import EVENTS, FACTS, STATE_PEOPLE, STATE_VISITORS
from agents.published.published_document import NOTICE
from agents.worker.metrics import Metrics
from agents.worker.people import PeopleProcessor
from agents.worker.producer import Provenance
from agents.worker.recipes_follower import RecipesFollower
from agents.worker.visitors import VisitorsProcessor
from stream import recipes_file
from stream.recipes.history import History
from stream.stages.backend import PURE
from stream.stages.watermark import watermark_record
from tests.fake_broker import FakeBroker, FakeProducer
from tests.worker_contract import LAYOUT, START, batch

SETTINGS = Settings(kafka=("localhost:1",))


class Mark:
    """A watermark record of a batch of facts."""

    headers: Sequence[tuple[str, bytes | None]] = ()
    key: bytes | None = b""

    def __init__(self, offset: int, evidence: int) -> None:
        self.offset, self.timestamp = offset, evidence
        self.value: bytes | None = watermark_record({0: evidence}, 1)


class Scene:
    """A partition of the input and one of the facts, with a follower that has read nothing yet."""

    def __init__(self) -> None:
        metrics, producer = Metrics(), FakeProducer(FakeBroker(), LAYOUT)
        history = History(recipes_file.DEFAULT)
        own = Offsets(SETTINGS), metrics.recipes, 1
        self.follower = RecipesFollower(SETTINGS, history, *own)
        self.visitors = VisitorsProcessor(
            history,
            Provenance(EVENTS, 0),
            STATE_VISITORS,
            producer,
            metrics,
            PURE,
            self.follower,
        )
        place = Provenance(FACTS, 0), STATE_PEOPLE, producer, metrics
        self.people = PeopleProcessor(history, LAYOUT, *place, self.follower)
        self.visitors.closed = self.people.closed = False


def play(scene: Callable[[Scene], Awaitable[None]]) -> None:
    async def run() -> None:
        await scene(Scene())

    asyncio.run(run())


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_events_wait_until_every_document_of_their_time_is_known() -> None:
    async def scene(it: Scene) -> None:
        taking = asyncio.create_task(it.visitors.take([batch(0), batch(1)]))
        it.follower.confirm_end(0, START - NOTICE + 1)  # known: before the second event
        await settle()
        assert (taking.done(), it.visitors.position) == (False, 0)
        it.follower.confirm_end(0, START - NOTICE + 2)
        await asyncio.wait_for(taking, 5)
        assert it.visitors.position == 2

    play(scene)


def test_events_that_came_before_need_no_answer() -> None:
    async def scene(it: Scene) -> None:
        it.follower.confirm_end(0, START)
        it.follower.confirm_end(1, START + 60_000)  # a document that is not read yet
        await asyncio.wait_for(it.visitors.take([batch(0)]), 5)
        assert it.visitors.position == 1
        late = asyncio.create_task(it.visitors.take([batch(NOTICE)]))
        await settle()
        assert not late.done()
        late.cancel()

    play(scene)


def test_waiting_records_are_dropped_with_their_partition() -> None:
    async def scene(it: Scene) -> None:
        taking = asyncio.create_task(it.visitors.take([batch(0)]))
        await settle()
        it.visitors.closed = True
        await asyncio.wait_for(taking, 5)
        assert it.visitors.position == 0

    play(scene)


def test_evidence_of_another_worker_waits_as_the_events_behind_it_did() -> None:
    """Whatever the broker's time of the watermark record. A fact has no evidence."""

    async def scene(it: Scene) -> None:
        it.follower.confirm_end(0, START)
        known = it.follower.known_until
        first = RawBatch([Mark(0, known - 1)], 0, 1, known + 60_000)
        second = RawBatch([Mark(1, known)], 1, 2, known)
        await asyncio.wait_for(it.people.take([first]), 5)
        taking = asyncio.create_task(it.people.take([second]))
        await settle()
        assert (taking.done(), it.people.position) == (False, 1)
        it.follower.confirm_end(0, START + 1)
        await asyncio.wait_for(taking, 5)
        assert it.people.position == 2

    play(scene)
