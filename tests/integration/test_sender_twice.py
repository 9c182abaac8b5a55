"""Senders that are started twice, offsets that are put back, and a Redis that is lost: what goes out twice, and what never."""

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from threading import Event
from typing import Any

from agents.local import redis
from tests.integration.hostile import Endpoint, Reply
from tests.integration.sending import Sender, Topics, Trigger, rewind, sender, trigger, triggers_of


def ids(given: Iterable[Trigger]) -> list[str]:
    return [each.id for each in given]


def in_order(endpoint: Endpoint, given: list[Trigger]) -> bool:
    """Whether the triggers of each person were accepted in their order."""
    person = {each.id: each.person for each in given}
    accepted = endpoint.ids(200)
    return all(
        [id for id in accepted if person[id] == who]
        == [each.id for each in given if each.person == who]
        for who in person.values()
    )


def stalling(endpoint: Endpoint, all_run: Event, stall: float) -> Callable[[Any], Reply]:
    """Answers after `stall` (s), but later from the tenth message on while not all senders run: one takes long to start
    on a busy machine."""
    return lambda seen: Reply(
        stall=stall if all_run.is_set() or len(endpoint.delivered) <= 10 else 2.0
    )


def test_after_lost_redis_and_offsets_put_back_no_cancelled_trigger_goes_out(
    broker: str, prefix: str, topics: Topics, endpoint: Endpoint, tmp_path: Path
) -> None:
    """What is still valid goes out once more, by the same id. Nothing else remembers it."""
    given = triggers_of(60, people=20)
    dropped = [trigger(f"dropped {n}", wait=600_000) for n in range(10)]
    later = [trigger(f"later {n}", wait=9_000) for n in range(10)]
    recalled, valid = given[:20], [*given[20:], *later]
    endpoint.behave = lambda seen: Reply(stall=0.05)
    topics.fire(*given, *dropped, *later)
    with redis.server() as server:
        env = {"TRIGGERS_REDIS": server.url}
        with sender(broker, prefix, endpoint.url, tmp_path, **env) as one:
            endpoint.wait(lambda: len(endpoint.delivered) > 10)
            topics.cancel(*dropped)
            with sender(broker, prefix, endpoint.url, tmp_path, **env) as other:
                endpoint.wait(lambda: endpoint.delivered.keys() >= {*ids(given)})
                topics.cancel(*recalled)
                endpoint.wait(lambda: topics.left() == 0)
                assert (one.terminate(), other.terminate()) == (0, 0)
        cancels = [f"{each.id}/cancelled" for each in recalled]
        assert endpoint.delivered == dict.fromkeys([*ids(recalled), *cancels, *ids(valid)], 1)
        server.stop()
        rewind(topics)
        server.start()
        with ExitStack() as both:
            for _ in range(2):
                both.enter_context(sender(broker, prefix, endpoint.url, tmp_path, **env))
            endpoint.wait(lambda: topics.left() == 0)
    assert endpoint.delivered == {
        **dict.fromkeys([*ids(recalled), *cancels], 1),
        **dict.fromkeys(ids(valid), 2),
    }


def test_two_senders_of_one_instance_id_send_each_trigger_once_and_in_order(
    broker: str, prefix: str, topics: Topics, endpoint: Endpoint, tmp_path: Path
) -> None:
    """They evict each other from the group, again and again."""
    given, both = triggers_of(120, people=20), Event()
    endpoint.behave = stalling(endpoint, both, 0.15)
    env = {"TRIGGERS_INSTANCE_ID": "sender-0", "TRIGGERS_SENDER_REQUESTS": "4"}
    topics.fire(*given)
    with sender(broker, prefix, endpoint.url, tmp_path, **env) as one:
        endpoint.wait(lambda: len(endpoint.delivered) > 10)
        with sender(broker, prefix, endpoint.url, tmp_path, **env) as other:
            assert len(endpoint.delivered) < len(given), "it was over too soon"
            both.set()
            endpoint.wait(lambda: len(endpoint.delivered) == len(given))
            # Killed between an answer and its mark, it would rightly leave a second try to the first.
            assert other.terminate() == 0
        assert one.number("triggers_sender_rebalances_total") > 1
        endpoint.wait(lambda: topics.left() == 0)
    assert endpoint.delivered == dict.fromkeys(ids(given), 1)
    assert in_order(endpoint, given)


def test_a_second_group_that_is_started_twice_gets_each_trigger_once_too(
    broker: str, prefix: str, topics: Topics, endpoint: Endpoint, tmp_path: Path, redis_url: str
) -> None:
    given, all_run = triggers_of(120, people=40), Event()
    endpoint.behave = stalling(endpoint, all_run, 0.1)
    push = f"{prefix}push"
    env = {"TRIGGERS_REDIS": redis_url, "TRIGGERS_SENDER_REQUESTS": "4"}
    store = str(tmp_path / "push.sqlite3")
    other = env | {"TRIGGERS_SENDER_GROUP": push, "TRIGGERS_SENDER_STORE": store}
    topics.fire(*given)
    with ExitStack() as four:
        for number, each in enumerate((env, other, env, other)):
            four.enter_context(sender(broker, prefix, endpoint.url, tmp_path, **each))
            assert number > 1 or len(endpoint.delivered) < len(given), "it was over too soon"
        all_run.set()
        endpoint.wait(lambda: topics.left() == topics.left(push) == 0)
    assert endpoint.delivered == dict.fromkeys(ids(given), 2)


def test_a_second_group_with_the_file_of_the_first_ends_at_the_start(
    broker: str, prefix: str, topics: Topics, endpoint: Endpoint, tmp_path: Path
) -> None:
    given = trigger("one")
    topics.fire(given)
    with sender(broker, prefix, endpoint.url, tmp_path):
        endpoint.wait(lambda: endpoint.delivered == {given.id: 1})
    other = {"TRIGGERS_SENDER_GROUP": f"{prefix}push"}
    refused = Sender(broker, prefix, endpoint.url, tmp_path, **other)
    refused.process.launch()
    assert refused.process.status(60) == 2
    assert f"belongs to the group {prefix}sender, not to {prefix}push" in refused.process.output()


def test_a_trigger_that_a_worker_writes_again_is_not_sent_after_its_cancel(
    broker: str, prefix: str, topics: Topics, endpoint: Endpoint, tmp_path: Path
) -> None:
    """A worker that crashed writes again what it had not committed, and the cancel comes a moment later."""
    given = trigger("tried")
    endpoint.behave = lambda seen: Reply(200 if seen.id.endswith("/cancelled") else 503)
    topics.fire(given)
    with sender(broker, prefix, endpoint.url, tmp_path) as running:
        endpoint.wait(lambda: len(endpoint.ids(503)) > 1)
        topics.cancel(given)
        endpoint.wait(lambda: endpoint.delivered == {f"{given.id}/cancelled": 1})
        endpoint.wait(lambda: topics.left() == 0)
        endpoint.behave = lambda seen: Reply()
        tries = len(endpoint.seen)
        topics.fire(given)
        endpoint.wait(lambda: running.settled(outcome="duplicate") == 1)
        topics.cancel(given)
        endpoint.wait(lambda: running.settled(outcome="duplicate") == 2)
    assert len(endpoint.seen) == tries
