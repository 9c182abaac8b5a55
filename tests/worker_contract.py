"""Tests of checkpoint and restore that run on a broker in memory and on a real one.

`play` is a fixture of the class that inherits these tests: it runs a test with a `World` around it.
"""

from collections.abc import Awaitable, Callable
from typing import Any, cast

import msgspec
from faust.types import TP

from agents.config.settings import Settings
from agents.kafka.raw_batches import RawBatch
from agents.kafka.topics import EVENTS, FACTS, STATE_VISITORS, Layout
from agents.worker.checkpoint import Checkpoint, Commit
from agents.worker.group import PartitionBounds
from agents.worker.metrics import Metrics
from agents.worker.producer import OutputProducer, Provenance
from agents.worker.restore import restore
from agents.worker.visitors import VisitorsProcessor
from stream import recipes_file
from stream.stages.backend import PURE
from stream.state.visitor import Visitor

START = 1_767_571_200_000
LAYOUT = Layout(1, 1, 1)


class Input:
    """A record of a fetched batch."""

    headers: tuple[()] = ()

    def __init__(self, offset: int, **body: Any) -> None:
        event = {"id": f"e{offset}", "type": "activity.pinged", "visitor": "v"} | body
        self.offset, self.timestamp = offset, START + offset
        self.key, self.value = event["visitor"].encode(), msgspec.json.encode(event)


def batch(offset: int, **body: Any) -> RawBatch:
    """A batch with one event at this offset, of visitor `v` if the body names none."""
    return RawBatch([cast(Any, Input(offset, **body))], offset, offset + 1, START + offset)


def empty_processor(
    settings: Settings, producer: OutputProducer, metrics: Metrics
) -> VisitorsProcessor:
    """A new processor of the input's only partition."""
    source, changelog = Provenance(settings.topic(EVENTS), 0), settings.topic(STATE_VISITORS)
    return VisitorsProcessor(recipes_file.DEFAULT, source, changelog, producer, metrics, PURE)


class World:
    """One partition of the input, its checkpoint, and the broker behind both."""

    def __init__(
        self, settings: Settings, producer: OutputProducer, bounds: PartitionBounds, commit: Commit
    ) -> None:
        self.settings, self.bounds, self._producer = settings, bounds, producer
        self.metrics = Metrics()
        self.checkpoint = Checkpoint(commit, self.metrics)
        self.processor = empty_processor(settings, producer, self.metrics)
        self.processor.begin(0)
        self.processor.closed = False

    @property
    def input(self) -> TP:
        return self.processor.tp

    async def take(self, *offsets: int) -> None:
        """Processes a login at each offset; each publishes a fact."""
        for offset in offsets:
            await self.processor.take([batch(offset, customer="anna")])

    async def save(self) -> None:
        await self.checkpoint([self.processor])

    async def restored(
        self, still_ours: Callable[[], bool] = lambda: True
    ) -> tuple[bool, VisitorsProcessor]:
        """Whether the restore completed, and the restored processor."""
        fresh = empty_processor(self.settings, self._producer, self.metrics)
        stages = {(fresh.changelog, 0): fresh.stage}
        return await restore(self.settings, self.bounds, stages, still_ours), fresh

    async def length(self, topic: str) -> int:
        """The end offset of partition 0 of a topic."""
        place = self.settings.topic(topic), 0
        return (await self.bounds.ends([place]))[place]


Scene = Callable[[World, Callable[[], Awaitable[int | None]]], Awaitable[None]]
Play = Callable[[Scene], None]
"""Runs a test with a world, and a function that returns the group's committed offset of its input."""


def state_of(processor: VisitorsProcessor) -> Visitor | None:
    """The state of visitor `v`."""
    return processor.stage._states.get("v")


class WorkerContract:
    def test_outputs_state_and_offset_are_durable_after_a_checkpoint(self, play: Play) -> None:
        async def test(world: World, committed: Any) -> None:
            assert await committed() is None
            await world.take(0)
            await world.save()
            assert await world.length(FACTS) > 0
            assert await world.length(STATE_VISITORS) > 1, "the visitor, and the clock"
            assert await committed() == 1

        play(test)

    def test_a_checkpoint_without_changes_writes_nothing(self, play: Play) -> None:
        async def test(world: World, committed: Any) -> None:
            await world.take(0)
            await world.save()
            before = [await world.length(topic) for topic in (FACTS, STATE_VISITORS)]
            await world.save()
            assert [await world.length(topic) for topic in (FACTS, STATE_VISITORS)] == before
            assert await committed() == 1

        play(test)

    def test_a_restore_recovers_state_and_position(self, play: Play) -> None:
        async def test(world: World, committed: Any) -> None:
            await world.take(0, 1)
            await world.save()
            await world.take(2)
            whole, fresh = await world.restored()
            assert whole
            assert fresh.stage.position == 2, "what was not saved is not there"
            assert fresh.stage.written
            state = state_of(fresh)
            assert state is not None
            assert (state.customer, state.applied) == ("anna", 1)

        play(test)

    def test_a_restore_of_an_empty_changelog_is_whole_and_empty(self, play: Play) -> None:
        async def test(world: World, committed: Any) -> None:
            whole, fresh = await world.restored()
            assert whole
            assert (fresh.stage.keys, fresh.stage.position, fresh.clock) == (0, 0, -1)
            assert not fresh.stage.written

        play(test)

    def test_a_restored_processor_decides_as_the_one_before(self, play: Play) -> None:
        """The same event again is skipped, the next one is applied."""

        async def test(world: World, committed: Any) -> None:
            await world.take(0, 1)
            await world.save()
            _, fresh = await world.restored()
            fresh.closed, before = False, await world.length(FACTS)
            fresh.begin(0)
            await fresh.take([batch(0, customer="anna"), batch(1, customer="anna")])
            await world.checkpoint([fresh])
            assert await world.length(FACTS) == before
            await fresh.take([batch(2, customer="ben")])
            await world.checkpoint([fresh])
            assert await world.length(FACTS) > before
            assert await committed() == 3

        play(test)
