"""A restarted sender sends no trigger that was cancelled meanwhile, even in a long backlog."""

from pathlib import Path

import pytest

from tests.integration.hostile import Endpoint, Reply
from tests.integration.sending import Topics, sender, trigger, triggers_of


@pytest.mark.slow
def test_in_a_long_backlog_no_cancelled_trigger_is_sent(
    broker: str, prefix: str, topics: Topics, endpoint: Endpoint, tmp_path: Path
) -> None:
    bought = triggers_of(40, people=40)
    between = [trigger(f"old {n}", wait=-9_000, valid=1_000) for n in range(15_000)]
    live = [trigger(f"live {n}") for n in range(40)]
    topics.fire(*bought, *between, *live)
    topics.cancel(*bought)
    with sender(broker, prefix, endpoint.url, tmp_path) as running:
        endpoint.wait(lambda: topics.left() == 0, 180)
        number = running.number
        assert number("triggers_sender_settled_total", outcome="cancelled") == len(bought)
        assert number("triggers_sender_settled_total", outcome="unsent") == len(bought)
        assert number("triggers_sender_settled_total", outcome="expired") == len(between)
    assert endpoint.delivered == {each.id: 1 for each in live}


def test_a_trigger_waiting_for_its_endpoint_is_not_sent_after_its_cancel(
    broker: str, prefix: str, topics: Topics, endpoint: Endpoint, tmp_path: Path
) -> None:
    given = triggers_of(40, people=40)
    endpoint.behave = lambda seen: Reply(503)
    topics.fire(*given)
    with sender(broker, prefix, endpoint.url, tmp_path):
        endpoint.wait(lambda: set(endpoint.ids(503)) == {each.id for each in given})
        topics.cancel(*given[:20])
        recalled = [f"{each.id}/cancelled" for each in given[:20]]
        endpoint.wait(lambda: {*recalled} <= {*endpoint.ids(503)})
        endpoint.behave = lambda seen: Reply()
        endpoint.wait(lambda: topics.left() == 0)
    assert endpoint.delivered == dict.fromkeys([*recalled, *(each.id for each in given[20:])], 1)
