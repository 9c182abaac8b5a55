"""The circuit breaker of the Redis view: after several failures Redis is not asked for a while."""

import asyncio

import pytest

from agents.local.ports import free
from agents.view.redis_client import Breaker, Link, ViewLost


class Clock:
    def __init__(self) -> None:
        self.s = 100.0

    def __call__(self) -> float:
        return self.s


def test_the_breaker_opens_after_three_failures_in_a_row() -> None:
    breaker = Breaker(Clock())
    for _ in range(2):
        breaker.failed()
    breaker.worked()
    for _ in range(2):
        breaker.failed()
        assert not breaker.is_open
    breaker.failed()
    assert breaker.is_open
    assert breaker.left == 1.0


def test_after_a_time_one_may_try_and_a_failure_opens_it_for_longer() -> None:
    clock = Clock()
    breaker = Breaker(clock)
    for _ in range(3):
        breaker.failed()
    for longer in (2.0, 5.0, 10.0, 30.0, 30.0):
        clock.s += breaker.left
        assert not breaker.is_open
        breaker.failed()
        assert breaker.left == longer


def test_a_trial_that_works_closes_it() -> None:
    clock = Clock()
    breaker = Breaker(clock)
    for _ in range(3):
        breaker.failed()
    clock.s += breaker.left
    breaker.worked()
    breaker.failed()
    assert not breaker.is_open


def test_an_open_breaker_spares_the_network() -> None:
    async def call_often() -> Link:
        link = Link(f"redis://127.0.0.1:{free(1)[0]}")
        for _ in range(10):
            with pytest.raises(ViewLost):
                await link.call("PING")
        await link.close()
        return link

    link = asyncio.run(call_often())
    assert link.calls == {"ok": 0, "failed": 3, "refused": 7}
    assert link.fault
