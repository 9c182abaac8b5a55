"""Fetches that wait for company, on a clock of their own."""

import asyncio
import time
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.consumer.fetcher import FetchResult

from agents.kafka import paced_fetch

PAUSE_S = 0.2
NODE = 1


class Fetcher:
    """Of aiokafka, as far as it is paced. `brought`: bytes of each fetch to come."""

    def __init__(self, *brought: int) -> None:
        self._brought = list(brought)
        self._records: dict[str, Any] = {}
        self._fetcher_timeout = 0.1
        self.began: list[float] = []

    async def _proc_fetch_request(self, assignment: Any, node: int, request: Any) -> bool:
        self.began.append(time.monotonic())
        size = self._brought.pop(0)
        result = FetchResult.__new__(FetchResult)
        records = SimpleNamespace(size_in_bytes=lambda: size)
        result._partition_records = SimpleNamespace(_records=records)
        self._records = {"tp": result} if size else {}
        return size > 0


async def waits(*brought: int) -> list[float]:
    """From fetch to fetch (s)."""
    fetcher = Fetcher(*brought)
    paced_fetch.pace(fetcher, PAUSE_S)
    for _ in brought:
        await fetcher._proc_fetch_request(None, NODE, None)
    return [later - sooner for sooner, later in pairwise(fetcher.began)]


@pytest.mark.parametrize(
    ("brought", "paused"),
    [
        ((1,), True),
        ((0,), False),
        ((paced_fetch.PLENTY,), False),
        ((1, 0), False),
    ],
    ids=["a little", "nothing", "plenty", "nothing behind a little"],
)
def test_the_next_fetch_waits_after_one_that_brought_a_little(
    brought: tuple[int, ...], paused: bool
) -> None:
    """What comes after a silence, and what comes in masses, is brought at once."""
    last = asyncio.run(waits(*brought, 1))[-1]
    assert (last >= PAUSE_S) is paused


def test_a_fetch_that_is_not_wanted_any_more_has_brought_nothing() -> None:
    """aiokafka cancels it when the partitions change, and asks for its result."""

    async def cancelled() -> bool:
        fetcher = Fetcher(1, 1)
        paced_fetch.pace(fetcher, PAUSE_S)
        await fetcher._proc_fetch_request(None, NODE, None)
        fetch = asyncio.ensure_future(fetcher._proc_fetch_request(None, NODE, None))
        await asyncio.sleep(0)
        fetch.cancel()
        return await fetch

    assert asyncio.run(cancelled()) is False
