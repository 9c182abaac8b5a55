"""Which topic, key, partition and headers each output has."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import KafkaTimeoutError, UnknownTopicOrPartitionError

from agents.kafka.partitioner import partition_of
from agents.kafka.topics import Layout
from agents.worker.producer import Provenance, acknowledged, outstanding
from stream.outputs.outputs import Outputs
from tests.fake_broker import FakeBroker, FakeProducer
from tests.worker_contract import batch

LAYOUT = Layout(2, 3, 4)
SOURCE = Provenance("storefront.events", 1)
WHOSE = "customer:anna"


def sent(out: Outputs, offset: int = 7, batches: Any = ()) -> dict[tuple[str, int], list[Any]]:
    async def work() -> FakeBroker:
        broker = FakeBroker()
        producer = FakeProducer(broker, LAYOUT)
        await producer.outputs(out, SOURCE, offset, batches)
        await producer.post()
        return broker

    logs = asyncio.run(work()).logs
    return {place: log for place, log in logs.items() if log}


def headers(record: Any) -> dict[str, bytes]:
    return dict(record.headers)


@pytest.mark.parametrize(
    ("name", "row", "topic", "partitions", "origin", "cloud"),
    [
        ("facts", (WHOSE, b"1"), "visitor.facts", 3, False, False),
        ("claims", (WHOSE, b"1"), "identity.claims", 4, False, False),
        ("decisions", (WHOSE, b"1"), "triggers.decisions", 3, True, False),
        ("outcomes", (WHOSE, 5, b"1"), "triggers.outcomes", 3, True, False),
        ("shadow", ("r", WHOSE, 5, b"1"), "triggers.shadow", 3, True, True),
        ("erased", (WHOSE, b"1"), "people.erased", 3, True, True),
        ("triggers", ("cart-abandonment", WHOSE, b"1"), "triggers.cart-abandonment", 3, True, True),
    ],
)
def test_an_output_goes_to_its_topic_under_its_key(
    name: str, row: Any, topic: str, partitions: int, origin: bool, cloud: bool
) -> None:
    out = Outputs()
    getattr(out, name).append(row)
    place = (topic, partition_of(WHOSE.encode(), partitions))
    found = sent(out)
    assert list(found) == [place]
    (record,) = found[place]
    assert (record.key, record.value) == (WHOSE.encode(), b"1")
    given = headers(record)
    assert bool(given.keys() - {"content-type"}) is origin
    assert ("content-type" in given) is cloud


def test_a_change_of_an_audience_is_keyed_by_audience_and_person() -> None:
    out = Outputs()
    out.audiences.append(("vips", WHOSE, 5, True, b"1"))
    out.audiences.append(("vips", WHOSE, 6, False, None))
    key = f"vips|{WHOSE}".encode()
    (records,) = sent(out).values()
    assert [(each.key, each.value) for each in records] == [(key, b"1"), (key, None)]
    assert list(sent(out)) == [("audiences", partition_of(key, 3))]


def test_a_rejected_record_goes_to_the_dead_letters_with_its_bytes() -> None:
    out = Outputs()
    given = batch(4)
    out.rejected.append((4, "not_json", "$"))
    ((place, (record,)),) = sent(out, batches=[given]).items()
    assert place == ("storefront.rejected", 0)
    assert record.value == given.records[0].value
    assert headers(record)["reason"] == b"not_json"
    assert headers(record)["partition"] == b"1"


def test_a_trigger_names_the_input_offset_of_its_decision() -> None:
    out = Outputs()
    out.triggers.append(("cart-abandonment", WHOSE, b"1"))
    ((record,),) = sent(out, offset=7).values()
    assert b"storefront.events" in headers(record).values()
    assert b"1" in headers(record).values()
    assert headers(record) == dict([*SOURCE.headers(7), ("content-type", CLOUD)])


CLOUD = b"application/cloudevents+json; charset=UTF-8"


def test_nothing_decided_sends_nothing() -> None:
    assert sent(Outputs()) == {}


def test_a_batch_waits_for_its_topic_and_for_a_slow_broker() -> None:
    async def test() -> None:
        producer = FakeProducer(FakeBroker(), LAYOUT)
        faults: list[Exception] = [KafkaTimeoutError(), UnknownTopicOrPartitionError()]
        tried: list[str] = []

        async def send_batch(given: Any, topic: str, partition: int) -> Any:
            tried.append(topic)
            if faults:
                raise faults.pop(0)
            return asyncio.get_running_loop().create_future()

        producer._producer = SimpleNamespace(send_batch=send_batch)
        await super(FakeProducer, producer)._send_batch("triggers.a", 0, SimpleNamespace())
        assert tried == ["triggers.a"] * 3

    asyncio.run(test())


def test_the_first_failure_of_the_acknowledgements_is_raised_and_stays() -> None:
    async def test() -> None:
        loop = asyncio.get_running_loop()
        good, bad, open_ = loop.create_future(), loop.create_future(), loop.create_future()
        good.set_result(None)
        bad.set_exception(OSError("no broker"))
        assert outstanding([good, bad, open_]) == [bad, open_]
        await acknowledged([good])
        with pytest.raises(OSError, match="no broker"):
            await acknowledged([good, bad])
        waiting = asyncio.ensure_future(acknowledged([open_]))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait((waiting,))
        assert not open_.cancelled(), "others may wait for it"

    asyncio.run(test())
