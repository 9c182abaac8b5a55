"""A sender between a real broker and a messaging service that works, is overloaded, or has another key."""

import json
import time
from collections import Counter
from pathlib import Path

import pytest

from agents.sender.services.registry import PRESETS
from tests.integration.hostile import Endpoint, Reply, Seen
from tests.integration.sending import Topics, sender, trigger, triggers_of
from tests.services import CHECKS

KEYS = {"customerio": "site:secret"}


def settings(name: str, **more: str) -> dict[str, str]:
    return {
        "TRIGGERS_SENDER_SERVICE": name,
        "TRIGGERS_SENDER_KEY": KEYS.get(name, "secret"),
        **more,
    }


@pytest.mark.parametrize("name", PRESETS)
def test_triggers_and_cancels_arrive_as_the_service_documents(
    name: str, broker: str, prefix: str, topics: Topics, endpoint: Endpoint, tmp_path: Path
) -> None:
    """It is overloaded at first."""
    given = [trigger(n, f"customer:c{n}") for n in range(5)]
    topics.fire(*given)

    def behave(seen: Seen) -> Reply:
        return Reply(429, {"Retry-After": "1"}) if len(endpoint.seen) <= 3 else Reply(202)

    endpoint.behave = behave
    with sender(broker, prefix, endpoint.url, tmp_path, **settings(name)):
        endpoint.wait(lambda: taken(endpoint) >= 5)
        topics.cancel(given[0])
        endpoint.wait(lambda: taken(endpoint) >= 6)
    for seen in endpoint.seen:
        CHECKS[name](json.loads(seen.body))
        assert "webhook-signature" not in seen.headers
    bodies = Counter(seen.body for seen in endpoint.seen if seen.status == 202)
    assert len(bodies) == 6
    assert set(bodies.values()) == {1}
    assert sum(b"cart-abandonment cancelled" in body for body in bodies) == 1


def taken(endpoint: Endpoint) -> int:
    return sum(seen.status == 202 for seen in list(endpoint.seen))


def test_a_wrong_key_delays_all_records_and_creates_no_dead_letter(
    broker: str, prefix: str, topics: Topics, endpoint: Endpoint, tmp_path: Path
) -> None:
    topics.fire(*triggers_of(3, 3))
    endpoint.behave = lambda seen: Reply(401)
    with sender(broker, prefix, endpoint.url, tmp_path, **settings("klaviyo")) as running:
        endpoint.wait(lambda: len(endpoint.seen) >= 1)
        time.sleep(2)
        assert len(endpoint.seen) <= 3
        assert running.settled() == 0
    assert topics.dead() == []


def test_one_event_that_braze_leaves_out_is_a_dead_letter_and_the_others_arrive(
    broker: str, prefix: str, topics: Topics, endpoint: Endpoint, tmp_path: Path
) -> None:
    given = [trigger(n, f"customer:c{n}") for n in range(3)]
    topics.fire(*given)

    def behave(seen: Seen) -> Reply:
        bad = b'"c1"' in seen.body
        return Reply(201, text='{"message":"success","errors":[{"type":"x"}]}' if bad else "{}")

    endpoint.behave = behave
    with sender(broker, prefix, endpoint.url, tmp_path, **settings("braze")):
        endpoint.wait(lambda: len(endpoint.seen) == 3)
        endpoint.wait(lambda: len(topics.dead()) == 1)
    (dead,) = topics.dead()
    assert json.loads(dead.value)["data"]["person"] == "customer:c1"
    assert dict(dead.headers)["reason"] == b"refused"


def test_requests_stay_within_the_rate(
    broker: str, prefix: str, topics: Topics, endpoint: Endpoint, tmp_path: Path
) -> None:
    topics.fire(*triggers_of(30, 30))
    more = settings("segment", TRIGGERS_SENDER_RATE="5", TRIGGERS_SENDER_REQUESTS="2")
    with sender(broker, prefix, endpoint.url, tmp_path, **more):
        endpoint.wait(lambda: len(endpoint.seen) >= 30)
    times = [seen.at for seen in endpoint.seen[:30]]
    assert times[-1] - times[0] > 29 / 5 * 0.8
