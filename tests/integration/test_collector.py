"""POST /collect with a real broker: the answers, and the records in Kafka."""

import gzip
import json
import logging
from dataclasses import replace
from typing import Any

import pytest
from kafka.partitioner import murmur2

from agents.collector.documents import LARGEST
from agents.config.settings import Settings
from agents.connect.contacts import key
from stream.events.decoding import decode
from tests.integration.collecting import (
    PARTITIONS,
    Site,
    event,
    ids,
    kept,
    make_topics,
    rejected,
    served,
)
from tests.unit.test_intake import POISON, examples


@pytest.fixture
def settings(broker: str, prefix: str) -> Settings:
    return make_topics(broker, prefix)


def test_a_taken_event_is_in_kafka_byte_for_byte_with_its_visitor_as_key(
    settings: Settings,
) -> None:
    body = (
        b'{"id":"e-1", "type":"page.viewed", "visitor":"v-\xc3\xbc", "client_time":1767225600000}'
    )

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
    """Except an erasure, which needs the key."""
    found = [each for each in examples("valid") if b"person.erased" not in each]

    async def test(site: Site) -> None:
        await site.taken(b"[" + b",".join(found) + b"]")

    served(settings, test)
    records = kept(settings)
    assert sorted(record.value for record in records) == sorted(found)
    for record in records:
        read = decode(record.value)
        assert read is not None
        assert read.visitor.encode() == record.key


def test_a_batch_is_taken_without_its_faulty_events_which_are_kept_and_listed(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    faulty = event(2, "undefined", client_time=-1)

    async def test(site: Site) -> None:
        await site.taken(event(0))
        answer = await site.post([event(1), faulty, event(3, client_time="now")])
        assert answer.status == 202
        assert answer.body["ids"] == ["e-1", "e-3"]
        assert [(f["index"], f["reason"], f["path"]) for f in answer.body["faults"]] == [
            (1, "names_nobody", "$.visitor"),
            (1, "out_of_range", "$.client_time"),
        ]
        assert answer.body["warnings"] == [
            {
                "index": 2,
                "reason": "wrong_type",
                "path": "$.client_time",
                "expected": "a time in ms since 1970, not before the year 2000",
                "got": "text",
            }
        ]

    with caplog.at_level(logging.WARNING, "triggers"):
        served(settings, test)
    assert sorted(ids(kept(settings))) == ["e-0", "e-1", "e-3"]
    (record,) = rejected(settings, 1)
    assert json.loads(record.value) == faulty
    assert record.key is None
    time = record.headers.pop("time")
    assert time.isdigit()
    assert record.headers == {
        "reason": "names_nobody",
        "path": "$.visitor",
        "source": "collect",
        "type": "activity.pinged",
    }
    assert "refused source=collect type=activity.pinged reason=names_nobody" in caplog.text
    assert "e-2" not in caplog.text


def test_an_order_that_is_no_json_is_counted_logged_and_kept_as_an_order(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """A name with a quotation mark in it makes the order unreadable. The alert for orders must fire."""
    broken = b'{"id": "e-2", "type": "order.placed", "visitor": "v-1", "name": "6" monitor"}'

    async def test(site: Site) -> None:
        await site.taken(event(0))
        assert (await site.post(broken)).status == 400
        async with site.session.get(f"{site.url}/metrics") as answer:
            answer_text = await answer.text()
        assert (
            'refused_total{reason="not_json",source="collect",type="order.placed"} 1.0'
            in answer_text
        )

    with caplog.at_level(logging.WARNING, "triggers"):
        served(settings, test)
    (record,) = rejected(settings, 1)
    assert (record.value, record.headers["type"]) == (broken, "order.placed")
    assert "refused source=collect type=order.placed reason=not_json path=$" in caplog.text


def test_an_event_without_a_visitor_has_its_pseudo_visitor_as_key(
    settings: Settings,
) -> None:
    order = {"id": "e-1", "type": "order.placed", "order": {"id": "o-1", "cart_id": "c-7"}}

    async def test(site: Site) -> None:
        await site.taken([order])

    served(settings, test)
    (record,) = kept(settings)
    assert record.key == b"~cart:c-7"
    assert json.loads(record.value) == order
    assert record.partition == (murmur2(record.key) & 0x7FFFFFFF) % PARTITIONS


def test_an_address_is_a_key_before_it_is_in_kafka_and_never_in_what_is_refused(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    pepper = b"p" * 32
    order = {"id": "e-1", "type": "order.placed", "contact": {"email": "Anna@Shop.de"}}
    faulty = {"id": "", "type": "order.placed", "contact": {"email": "Anna@Shop.de"}}
    broken = b'{"id": "e-2", "contact": {"email": "anna@shop.de"}'

    async def test(site: Site) -> None:
        await site.taken([order, faulty])
        assert (await site.post(broken)).status == 400

    with caplog.at_level(logging.DEBUG):
        served(replace(settings, pepper=pepper), test)
    (record,) = kept(settings)
    hashed = key(pepper, "anna@shop.de")
    assert json.loads(record.value)["keys"] == {"email": hashed}
    assert record.key == f"~email:{hashed}".encode()
    written = [record.value, *(each.value for each in rejected(settings, 2))]
    assert len(written) == 3
    assert not any(b"shop.de" in each.lower() for each in written)
    assert "shop.de" not in caplog.text.lower()


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


def test_a_post_that_is_too_large_is_refused_unread_packed_or_not(settings: Settings) -> None:
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
        packed = {"Content-Encoding": "gzip"}
        assert (await site.post(gzip.compress(b"[" * 50_000_000), headers=packed)).status == 413
        assert (await site.post(b"{}", headers={"Content-Encoding": "br"})).status == 415
        await site.taken(event(0))
        fitting = gzip.compress(json.dumps(event(1)).encode())
        assert (await site.post(fitting, headers=packed)).status == 202

    served(settings, test)
    assert sorted(ids(kept(settings))) == ["e-0", "e-1"]


def test_a_body_that_is_no_event_is_answered_with_what_it_is(settings: Settings) -> None:
    async def test(site: Site) -> None:
        await site.taken(event(0))
        lines = b"\n".join(json.dumps(event(n)).encode() for n in range(2))
        for body, reason in (
            (b"", "empty"),
            (b"\xef\xbb\xbf{}", "byte_order_mark"),
            (lines, "several_lines"),
            (b'[{"id": 1},]', "not_json"),
        ):
            answer = await site.post(body)
            assert answer.status == 400
            (fault,) = answer.body["faults"]
            assert (fault["index"], fault["reason"]) == (None, reason)
            assert ("position" in fault) == (reason == "not_json")

    served(settings, test)
    found = [each.headers["reason"] for each in rejected(settings, 3)]
    assert sorted(found) == ["byte_order_mark", "not_json", "several_lines"]
