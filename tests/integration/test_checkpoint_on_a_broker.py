"""A checkpoint and a restore on a real broker: the tests that `tests/unit/test_checkpoint.py` runs in memory."""

import asyncio

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.consumer.fetcher import FetchResult
from aiokafka.structs import OffsetAndMetadata, TopicPartition
from faust.types import TP

from agents.config.settings import Settings, aiokafka_options
from agents.kafka import raw_batches
from agents.kafka.offsets import Offsets
from agents.worker.producer import OutputProducer
from stream import recipes_file
from tests.integration.replaying import make_topics, settings_of
from tests.worker_contract import LAYOUT, Play, Scene, WorkerContract, World


class Committing:
    """The offsets of a group without members."""

    def __init__(self, settings: Settings) -> None:
        self._consumer = AIOKafkaConsumer(
            **aiokafka_options(settings), group_id=settings.group, enable_auto_commit=False
        )

    async def commit(self, offsets: dict[TP, int]) -> bool:
        await self._consumer.commit(
            {TopicPartition(*tp): OffsetAndMetadata(offset, "") for tp, offset in offsets.items()}
        )
        return True

    async def committed(self, tp: TP) -> int | None:
        found: int | None = await self._consumer.committed(TopicPartition(*tp))
        return found

    async def start(self, tp: TP) -> None:
        self._consumer.assign([TopicPartition(*tp)])
        await self._consumer.start()

    async def stop(self) -> None:
        await self._consumer.stop()


class TestOnABroker(WorkerContract):
    @pytest.fixture
    def play(self, broker: str, prefix: str, monkeypatch: pytest.MonkeyPatch) -> Play:
        settings = settings_of(broker, prefix)
        monkeypatch.setattr(FetchResult, "getall", FetchResult.getall)  # put back afterwards
        raw_batches.install()
        make_topics(settings, recipes_file.DEFAULT, LAYOUT.inputs, LAYOUT.people)

        async def inside(scene: Scene) -> None:
            producer, bounds = OutputProducer(settings, LAYOUT), Offsets(settings)
            group = Committing(settings)
            world = World(settings, producer, bounds, group.commit)
            await producer.start()
            await bounds.start()
            await group.start(world.input)
            try:
                await scene(world, lambda: group.committed(world.input))
            finally:
                await group.stop()
                await bounds.stop()
                await producer.stop()

        return lambda scene: asyncio.run(inside(scene))
