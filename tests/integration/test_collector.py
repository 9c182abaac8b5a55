"""POST /collect before a real broker: what is answered, and what stands in Kafka then."""

import json
import zlib
from typing import Any

import pytest
from kafka.partitioner import murmur2

from agents.collector.validation import LARGEST
from agents.config.settings import Settings
from stream.events.decoding import decode
from tests.integration.collecting import PARTITIONS, Site, event, ids, kept, make_topics, served
from tests.unit.test_intake import POISON, examples


@pytest.fixture
def settings(broker: str, prefix: str) -> Settings:
    return make_topics(broker, prefix)


def test_a_taken_event_stands_in_kafka_byte_for_byte_under_its_visitors_key(
    settings: Settings,
) -> None:
    body = b'{"id":"e-1", "type":"page.viewed", "visitor":"v-\xc3\xbc", "client_time":5}'

    async def test(site: Site) -> None:
        answer = await site.taken(body)
        assert answer.body == {"ids": ["e-1"]}

    served(settings, test)
    (record,) = kept(settings)
    assert record.value == body
    assert record.key == "v-ü".encode()


def test_a_visitors_events_stay_in_order_in_the_partition_that_java_clients_choose(
    settings: Settings,
) -> None:
    async def test(site: Site) -> None:
        for start in range(0, 200, 40):
            batch = [event(n, f"v-{n % 20}") for n in range(start, start + 40)]
            answer = await site.taken(batch)
            assert answer.body == {"ids": [each["id"] for each in batch]}

    served(settings, test)
    found = kept(settings)
    assert sorted(ids(found)) == sorted(f"e-{n}" for n in range(200))
    for record in found:
        assert record.partition == (murmur2(record.key) & 0x7FFFFFFF) % PARTITIONS
    for visitor in {record.key for record in found}:
        numbers = [int(id[2:]) for id in ids(r for r in found if r.key == visitor)]
        assert numbers == sorted(numbers)


def test_every_valid_example_is_taken_and_a_worker_reads_it(settings: Settings) -> None:
    found = examples("valid")

    async def test(site: Site) -> None:
        await site.taken(b"[" + b",".join(found) + b"]")

    served(settings, test)
    records = kept(settings)
    assert sorted(record.value for record in records) == sorted(found)
    for record in records:
        read = decode(record.value)
        assert read is not None
        assert read.visitor.encode() == record.key


def test_of_a_batch_with_a_fault_nothing_is_taken_and_each_fault_has_its_path(
    settings: Settings,
) -> None:
    async def test(site: Site) -> None:
        await site.taken(event(0))
        answer = await site.post([event(1), event(2, "undefined"), event(3, client_time="now")])
        assert answer.status == 400
        assert answer.body == {
            "faults": [
                {"index": 1, "reason": "names_nobody", "path": "$.visitor"},
                {"index": 2, "reason": "wrong_type", "path": "$.client_time"},
            ]
        }

    served(settings, test)
    assert ids(kept(settings)) == ["e-0"]


def test_poison_gets_an_answer_that_quotes_nothing_of_it_and_leaves_nothing_in_kafka(
    settings: Settings,
) -> None:
    async def test(site: Site) -> None:
        await site.taken(event(0))
        for body in POISON.values():
            answer = await site.post(body)
            assert answer.status in {400, 413}
            assert answer.headers["Content-Type"].startswith("application/json")
            assert b"alert" not in json.dumps(answer.body).encode()
        for body in examples("invalid"):
            assert (await site.post(body)).status == 400
        await site.taken(event(1))

    served(settings, test)
    assert sorted(ids(kept(settings))) == ["e-0", "e-1"]


def test_a_beacon_of_plain_text_is_taken_and_a_form_is_not(settings: Settings) -> None:
    async def test(site: Site) -> None:
        await site.taken(event(0))
        plain = {"Content-Type": "text/plain;charset=UTF-8"}
        assert (await site.post(event(1), headers=plain)).status == 202
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        assert (await site.post(event(2), headers=form)).status == 415
        async with site.session.get(f"{site.url}/collect") as answer:
            assert answer.status == 405

    served(settings, test)
    assert sorted(ids(kept(settings))) == ["e-0", "e-1"]


def test_a_post_that_is_too_large_or_packed_is_refused_unread(settings: Settings) -> None:
    async def endless() -> Any:
        for _ in range(10_000):
            yield b" " * 65_536

    async def test(site: Site) -> None:
        assert (await site.post(b" " * (LARGEST + 1))).status == 413
        headers = {"Content-Type": "application/json"}
        try:
            async with site.session.post(
                f"{site.url}/collect", data=endless(), headers=headers
            ) as a:
                assert a.status == 413
        except ConnectionError:
            pass  # it hung up before we had sent all
        bomb = zlib.compress(b"[" * 200_000_000, 9)
        packed = {"Content-Encoding": "deflate"}
        assert (await site.post(bomb, headers=packed)).status == 415
        await site.taken(event(0))

    served(settings, test)
