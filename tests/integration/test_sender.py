"""One sender between a real broker and an endpoint that works, or answers with errors."""

import json
import time
from base64 import b64decode, b64encode
from hashlib import sha256
from itertools import groupby
from pathlib import Path

import pytest

import schemas
from agents.__main__ import main
from tests.integration.hostile import Endpoint, Reply, Seen
from tests.integration.sending import (
    RECIPE,
    SECRET,
    Topics,
    header,
    rewind,
    sender,
    trigger,
    trigger_of,
    triggers_of,
)


def hmac_sha256(key: bytes, text: bytes) -> bytes:
    """RFC 2104, written out."""
    padded = key.ljust(64, b"\0")
    inner = sha256(bytes(byte ^ 0x36 for byte in padded) + text).digest()
    return sha256(bytes(byte ^ 0x5C for byte in padded) + inner).digest()


def test_a_trigger_arrives_byte_for_byte_with_a_signature_that_verifies(
    broker: str, prefix: str, topics: Topics, endpoint: Endpoint, tmp_path: Path
) -> None:
    given = trigger("one")
    topics.fire(given)
    with sender(broker, prefix, endpoint.url, tmp_path):
        endpoint.wait(lambda: endpoint.delivered == {given.id: 1})
    (seen,) = endpoint.seen
    assert seen.body == given.fired()
    assert seen.headers["content-type"].startswith("application/cloudevents+json")
    schemas.validator("trigger.fired")(json.loads(seen.body))
    stamp = seen.headers["webhook-timestamp"]
    assert abs(int(stamp) - time.time()) < 60
    signed = f"{given.id}.{stamp}.".encode() + seen.body
    key = b64decode(SECRET.removeprefix("whsec_"))
    expected = "v1," + b64encode(hmac_sha256(key, signed)).decode()
    assert seen.headers["webhook-signature"] == expected


def test_a_trigger_waits_for_its_time_and_a_cancelled_one_is_never_sent(
    broker: str, prefix: str, topics: Topics, endpoint: Endpoint, tmp_path: Path
) -> None:
    soon, never = trigger("soon", wait=2_000), trigger("never", wait=600_000)
    topics.fire(soon, never)
    with sender(broker, prefix, endpoint.url, tmp_path) as running:
        topics.cancel(never)
        endpoint.wait(lambda: running.settled() == 3)
        assert running.settled(outcome="cancelled", kind="fired") == 1
        assert running.settled(outcome="unsent") == 1
    assert endpoint.delivered == {soon.id: 1}
    assert int(endpoint.seen[0].headers["webhook-timestamp"]) * 1000 >= soon.start - 999


def test_an_ended_trigger_is_dropped_and_its_offset_committed(
    broker: str, prefix: str, topics: Topics, endpoint: Endpoint, tmp_path: Path
) -> None:
    late, live = trigger("late", wait=-9_000, valid=8_000), trigger("live")
    topics.fire(late, live)
    with sender(broker, prefix, endpoint.url, tmp_path) as running:
        endpoint.wait(lambda: running.settled() == 2)
        assert running.settled(outcome="expired") == 1
        assert running.terminate() == 0
    assert endpoint.delivered == {live.id: 1}
    assert topics.left() == 0
    assert topics.dead() == []


def test_a_cancel_after_its_trigger_is_a_second_webhook(
    broker: str, prefix: str, topics: Topics, endpoint: Endpoint, tmp_path: Path
) -> None:
    given = trigger("recalled")
    topics.fire(given)
    with sender(broker, prefix, endpoint.url, tmp_path) as running:
        endpoint.wait(lambda: endpoint.delivered[given.id] == 1)
        topics.cancel(given)
        endpoint.wait(lambda: endpoint.delivered[f"{given.id}/cancelled"] == 1)
        topics.fire(given)
        topics.cancel(given)
        endpoint.wait(lambda: running.settled() == 4)
        assert running.settled(outcome="duplicate") == 2
    assert endpoint.ids(200) == [given.id, f"{given.id}/cancelled"]
    assert json.loads(endpoint.seen[1].body)["type"] == "storefront.trigger.cancelled.v1"


def test_a_tried_trigger_is_recalled_and_not_retried(
    broker: str, prefix: str, topics: Topics, endpoint: Endpoint, tmp_path: Path
) -> None:
    given = trigger("tried")
    endpoint.behave = lambda seen: Reply(200 if seen.id.endswith("cancelled") else 500)
    topics.fire(given)
    with sender(broker, prefix, endpoint.url, tmp_path):
        endpoint.wait(lambda: len(endpoint.ids(500)) >= 2)
        topics.cancel(given)
        endpoint.wait(lambda: endpoint.delivered[f"{given.id}/cancelled"] == 1)
        tries = len(endpoint.seen)
        time.sleep(1)
        assert len(endpoint.seen) == tries


def test_each_person_is_served_in_order_and_several_persons_at_once(
    broker: str, prefix: str, topics: Topics, endpoint: Endpoint, tmp_path: Path
) -> None:
    given = triggers_of(120, people=30)
    tried: set[str] = set()

    def once_bad(seen: Seen) -> Reply:
        bad = seen.id not in tried and seen.id[0] < "4"
        tried.add(seen.id)
        return Reply(503 if bad else 200, stall=0.01)

    endpoint.behave = once_bad
    topics.fire(*given)
    requests = {"TRIGGERS_SENDER_REQUESTS": "8"}
    with sender(broker, prefix, endpoint.url, tmp_path, **requests):
        endpoint.wait(lambda: len(endpoint.delivered) == len(given))
    person = {each.id: each.person for each in given}
    expected = {who: [t.id for t in given if t.person == who] for who in person.values()}
    for who, ids in expected.items():
        assert [id for id in endpoint.ids(200) if person[id] == who] == ids
        assert [id for id, _ in groupby(s.id for s in endpoint.seen if person[s.id] == who)] == ids
    assert 1 < endpoint.most <= 8


@pytest.mark.parametrize("status", [429, 503])
def test_no_request_is_sent_before_the_time_of_retry_after(
    broker: str, prefix: str, topics: Topics, endpoint: Endpoint, tmp_path: Path, status: int
) -> None:
    endpoint.behave = lambda seen: (
        Reply(status, {"Retry-After": "5"}) if len(endpoint.seen) == 1 else Reply()
    )
    one, others = trigger("one"), triggers_of(5, people=5)
    topics.fire(one)
    with sender(broker, prefix, endpoint.url, tmp_path) as running:
        endpoint.wait(lambda: len(endpoint.seen) == 1)
        topics.fire(*others)
        endpoint.wait(lambda: 0 < running.number("triggers_sender_endpoint_closed_seconds") < 5)
        endpoint.wait(lambda: len(endpoint.delivered) == 6)
    first, *rest = endpoint.seen
    assert min(each.at for each in rest) >= first.answered + 4.9


def test_an_endpoint_that_fails_stalls_and_restarts_gets_everything(
    broker: str, prefix: str, topics: Topics, endpoint: Endpoint, tmp_path: Path
) -> None:
    given = triggers_of(60, people=60)
    replies = [Reply(500), Reply(stall=3.0), Reply(cut=True), Reply(429), Reply(408), Reply()]
    endpoint.behave = lambda seen: replies[len(endpoint.seen) % len(replies)]
    topics.fire(*given)
    hasty = {"TRIGGERS_WEBHOOK_TIMEOUT_MS": "1000"}
    with sender(broker, prefix, endpoint.url, tmp_path, **hasty) as running:
        endpoint.wait(lambda: len(endpoint.delivered) > 10)
        endpoint.stop()
        endpoint.wait(
            lambda: running.number("triggers_sender_attempts_total", answer="unreachable") > 0
        )
        endpoint.start()
        endpoint.wait(lambda: running.settled(outcome="delivered") == len(given))
        assert endpoint.delivered.keys() == {each.id for each in given}
        for answer in ("2xx", "4xx", "429", "5xx", "timeout", "unreachable"):
            assert running.number("triggers_sender_attempts_total", answer=answer) > 0
        assert running.terminate() == 0
        printed = running.process.output()
    assert topics.left() == 0
    assert topics.dead() == []
    assert "endpoint_fails" in printed
    for hidden in (SECRET, endpoint.url, "visitor:", given[0].id):
        assert hidden not in printed


def test_refused_triggers_and_other_records_become_dead_letters(
    broker: str, prefix: str, topics: Topics, endpoint: Endpoint, tmp_path: Path
) -> None:
    refused, well = trigger("refused", "visitor:r"), trigger("well", "visitor:r")
    poison = [b"{", b"[" * 3000, b'{"type":"storefront.trigger.fired.v1","data":{}}', None]
    forged = refused.fired().replace(refused.id.encode(), b"x\\r\\nset-cookie: a=b".ljust(32, b"x"))
    endpoint.behave = lambda seen: Reply(404 if seen.id == refused.id else 200)
    for value in [*poison, forged]:
        topics.put(RECIPE, b"visitor:r", value)
    topics.fire(refused, well)
    with sender(broker, prefix, endpoint.url, tmp_path) as running:
        endpoint.wait(lambda: endpoint.delivered == {well.id: 1})
        assert running.number("triggers_sender_undelivered_total", reason="refused") == 1
    dead = topics.dead()
    assert [each.value for each in dead] == [*poison, forged, refused.fired()]
    assert {each.key for each in dead} == {b"visitor:r"}
    for each in dead:
        schemas.validator("undelivered")({name: text.decode() for name, text in each.headers})
    assert [header(each, "reason") for each in dead] == ["not_a_trigger"] * 5 + ["refused"]
    assert header(dead[-1], "answer") == "404"
    assert len(endpoint.seen) == 2


def test_after_an_offset_reset_only_dead_letters_are_sent(
    broker: str, prefix: str, topics: Topics, endpoint: Endpoint, tmp_path: Path
) -> None:
    refused, well = trigger("refused"), triggers_of(10, people=10)
    endpoint.behave = lambda seen: Reply(401 if seen.id == refused.id else 200)
    topics.fire(*well, refused)
    with sender(broker, prefix, endpoint.url, tmp_path) as running:
        endpoint.wait(lambda: topics.left() == 0)
        assert running.terminate() == 0
    rewind(topics)
    assert topics.left() == 11
    endpoint.behave = lambda seen: Reply()
    with sender(broker, prefix, endpoint.url, tmp_path) as running:
        endpoint.wait(lambda: topics.left() == 0)
        assert running.settled(outcome="duplicate") == 10
    assert endpoint.delivered == {each.id: 1 for each in [*well, refused]}


def test_a_sender_gives_up_after_its_time_or_at_the_triggers_end(
    broker: str, prefix: str, topics: Topics, endpoint: Endpoint, tmp_path: Path
) -> None:
    endpoint.behave = lambda seen: Reply(500)
    with sender(broker, prefix, endpoint.url, tmp_path, TRIGGERS_WEBHOOK_GIVE_UP="8s"):
        short, long = trigger("short", valid=6_000), trigger("long")
        topics.fire(short)
        endpoint.wait(lambda: short.id in endpoint.ids(500))
        topics.fire(long)
        endpoint.wait(lambda: len(topics.dead()) == 2)
    printed = {trigger_of(each.value): header(each, "reason") for each in topics.dead()}
    assert printed == {short.id: "expired", long.id: "gave_up"}
    assert all(header(each, "answer") == "500" for each in topics.dead())


def test_a_recipe_added_by_a_document_is_sent_without_a_restart(
    broker: str,
    prefix: str,
    topics: Topics,
    endpoint: Endpoint,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = trigger("before")
    topics.fire(before)
    file = tmp_path / "recipes.json"
    file.write_text('{"recipes": [{"name": "win-back", "kind": "cart-abandonment"}]}')
    monkeypatch.setenv("TRIGGERS_KAFKA", broker)
    monkeypatch.setenv("TRIGGERS_PREFIX", prefix)
    with sender(broker, prefix, endpoint.url, tmp_path):
        endpoint.wait(lambda: endpoint.delivered == {before.id: 1})
        assert main(["recipes", "publish", str(file)]) == 0
        new, old = trigger("new", recipe="win-back"), trigger("old")
        topics.fire(new, old)
        all_of = dict.fromkeys((before.id, new.id, old.id), 1)
        endpoint.wait(lambda: endpoint.delivered == all_of)
