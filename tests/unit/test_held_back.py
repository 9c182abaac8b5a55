"""The outputs of a batch: those sent at once, and those buffered until the next watermark record."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from aiokafka.structs import RecordMetadata

from agents.config.settings import Settings
from agents.kafka.topics import Layout
from agents.worker import producer
from agents.worker.packing import Packer
from agents.worker.producer import Ack, OutputProducer, Provenance
from stream.outputs.outputs import Outputs

LAYOUT = Layout(1, 1, 1)
SOURCE = Provenance("storefront.events", 0)
FACTS, CLAIMS = ("visitor.facts", 0), ("identity.claims", 0)

Sent = list[list[tuple[str, int, int]]]
"""(topic, partition, records) of each batch, by request."""


class Sending(OutputProducer):
    """A producer that packs batches and does not send them."""

    def __init__(self) -> None:
        super().__init__(Settings(kafka=("localhost:1",)), LAYOUT)
        self.sent: Sent = []

    async def _send(self, packer: Packer) -> list[Ack]:
        batches = packer.batches()
        self.sent.append(
            [(topic, number, batch.record_count()) for topic, number, batch in batches]
        )
        ack: Ack = asyncio.get_running_loop().create_future()
        ack.set_result(RecordMetadata("", 0, None, 0, 7, 0, 0))
        return [ack]


def after(work: Callable[[Sending], Awaitable[Any]]) -> Sent:
    async def run() -> Sent:
        sending = Sending()
        await work(sending)
        return sending.sent

    return asyncio.run(run())


def decided(facts: int, triggers: int = 0) -> Outputs:
    out = Outputs()
    out.facts = [("customer:anna", b"{}")] * facts
    out.triggers = [("cart-abandonment", "customer:anna", b"{}")] * triggers
    return out


def test_triggers_are_sent_at_once_and_facts_with_the_next_watermark_record() -> None:
    async def work(sending: Sending) -> None:
        await sending.outputs(decided(facts=2, triggers=1), SOURCE, 1)
        await sending.outputs(decided(facts=1), SOURCE, 2)
        await sending.send_watermark(b"mark", [FACTS, CLAIMS])

    trigger = [("triggers.cart-abandonment", 0, 1)]
    assert after(work) == [trigger, [(*FACTS, 4)], [(*CLAIMS, 1)]]


def test_a_watermark_record_is_the_last_record_of_its_batch() -> None:
    async def work(sending: Sending) -> None:
        await sending.outputs(decided(facts=1), SOURCE, 1)
        kept = sending._compressed
        await sending.send_watermark(b"mark", [FACTS])
        ((_, _, batch),) = kept.batches()
        data = bytes(batch._builder.build())
        assert data.index(b"{}") < data.index(b"mark")

    assert after(work) == [[(*FACTS, 2)]]


def test_held_back_facts_are_bounded() -> None:
    async def work(sending: Sending) -> None:
        await sending.outputs(decided(facts=producer.MOST_BUFFERED), SOURCE, 1)
        assert sending.sent == []
        await sending.outputs(decided(facts=1), SOURCE, 2)

    assert after(work) == [[(*FACTS, producer.MOST_BUFFERED + 1)]]


def test_a_decision_that_another_worker_repeats_is_not_sent() -> None:
    async def work(sending: Sending) -> None:
        await sending.outputs(decided(facts=1), SOURCE, 1)
        sending.discard()
        assert await sending.post() == []

    assert after(work) == []
