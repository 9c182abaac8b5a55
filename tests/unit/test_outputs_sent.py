"""Which topic, key, partition and headers each output has."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import KafkaTimeoutError, UnknownTopicOrPartitionError

from agents.kafka.partitioner import partition_of
from agents.kafka.topics import Layout
from agents.worker import producer as producing
from agents.worker.packing import BATCH_BYTES
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


def test_the_missing_topic_of_a_batch_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        producer = FakeProducer(FakeBroker(), LAYOUT)
        faults: list[Exception] = [UnknownTopicOrPartitionError()]

        async def send_batch(given: Any, topic: str, partition: int) -> Any:
            if faults:
                raise faults.pop()
            return asyncio.get_running_loop().create_future()

        producer._producer = SimpleNamespace(send_batch=send_batch)
        await super(FakeProducer, producer)._send_batch("triggers.a", 0, SimpleNamespace())

    asyncio.run(test())
    assert [each.getMessage() for each in caplog.records] == ["topic_missing topic=triggers.a"]


def test_outputs_wait_for_a_post_unless_they_are_triggers_or_too_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(producing, "MOST_BUFFERED", 3)

    async def test() -> None:
        broker = FakeBroker()
        producer = FakeProducer(broker, LAYOUT)
        decided, facts = Outputs(), Outputs()
        decided.decisions.append((WHOSE, b"1"))
        facts.facts.append((WHOSE, b"1"))
        for out in (decided, facts, decided):
            assert await producer.outputs(out, SOURCE, 7) == []
        assert broker.journal == []
        fired = Outputs()
        fired.triggers.append(("cart-abandonment", WHOSE, b"1"))
        (ack,) = await producer.outputs(fired, SOURCE, 7)
        assert ack.done()
        assert broker.journal == ["triggers.cart-abandonment"]
        await producer.outputs(facts, SOURCE, 7)
        assert broker.journal[1:] == ["visitor.facts", "triggers.decisions"]
        await producer.post()
        assert len(broker.journal) == 3, "it is sent once"

    asyncio.run(test())


def test_large_outputs_do_not_wait_for_a_post_by_their_number_alone() -> None:
    """Each rejected record may have 2 MB: a thousand of them would take all memory."""

    async def test() -> None:
        broker = FakeBroker()
        producer = FakeProducer(broker, LAYOUT)
        large = Outputs()
        large.decisions.append((WHOSE, bytes(BATCH_BYTES)))
        for _ in range(producing.MOST_FULL):
            await producer.outputs(large, SOURCE, 7)
        assert broker.journal == []
        await producer.outputs(large, SOURCE, 7)
        assert broker.journal == ["triggers.decisions"] * (producing.MOST_FULL + 1)

    asyncio.run(test())


def test_a_post_returns_what_is_not_acknowledged_yet_of_the_one_before() -> None:
    async def test() -> None:
        broker = FakeBroker()
        producer = FakeProducer(broker, LAYOUT)
        broker.held = True
        out = Outputs()
        out.facts.append((WHOSE, b"1"))
        await producer.outputs(out, SOURCE, 7)
        first = await producer.post()
        assert len(first) == 1
        assert await producer.post() == first
        await producer.outputs(out, SOURCE, 8)
        assert (await producer.post())[:1] == first
        broker.acknowledge()
        assert await producer.post() == []

    asyncio.run(test())


def test_a_watermark_record_follows_what_is_buffered_for_its_partition() -> None:
    async def test() -> None:
        broker = FakeBroker()
        producer = FakeProducer(broker, LAYOUT)
        out = Outputs()
        out.facts.append((WHOSE, b"fact"))
        await producer.outputs(out, SOURCE, 7)
        facts = ("visitor.facts", partition_of(WHOSE.encode(), 3))
        await producer.send_watermark(b"time", [facts, ("identity.claims", 0)])
        assert [(each.key, each.value) for each in broker.logs[facts]] == [
            (WHOSE.encode(), b"fact"),
            (b"", b"time"),
        ]
        assert [each.value for each in broker.logs["identity.claims", 0]] == [b"time"]
        assert broker.journal == ["visitor.facts", "identity.claims"], "one batch a partition"

    asyncio.run(test())


def test_a_discard_drops_what_is_buffered() -> None:
    async def test() -> None:
        broker = FakeBroker()
        producer = FakeProducer(broker, LAYOUT)
        out = Outputs()
        out.facts.append((WHOSE, b"1"))
        out.decisions.append((WHOSE, b"1"))
        await producer.outputs(out, SOURCE, 7)
        producer.discard()
        assert await producer.post() == []
        assert broker.journal == []

    asyncio.run(test())


def test_a_worker_sends_idempotently_and_a_batch_waits_for_ever() -> None:
    async def test() -> None:
        sender = FakeProducer(FakeBroker(), LAYOUT)._producer._sender
        assert sender._acks == -1
        assert sender._txn_manager is not None
        assert sender._txn_manager.transactional_id is None
        made = FakeProducer(FakeBroker(), LAYOUT)._producer
        assert made._message_accumulator._batch_ttl == float("inf")
        assert made.client._client_id == "triggers-worker"

    asyncio.run(test())


def test_changelog_records_let_other_tasks_run_in_between(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(producing, "AT_ONCE", 2)

    async def test() -> None:
        broker = FakeBroker()
        producer = FakeProducer(broker, LAYOUT)
        turns: list[int] = []

        async def others() -> None:
            while True:
                turns.append(len(turns))
                await asyncio.sleep(0)

        other = asyncio.create_task(others())
        records = [(b"%d" % number, b"x") for number in range(5)]
        await producer.changes("state.visitors", 1, records)
        assert len(turns) == 2
        assert [each.key for each in broker.logs["state.visitors", 1]] == [
            key for key, _ in records
        ]
        other.cancel()

    asyncio.run(test())
