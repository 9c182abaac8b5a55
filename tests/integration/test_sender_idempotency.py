"""Idempotency records behave the same in Redis and in a file."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agents.local import redis
from agents.sender.idempotency import (
    IdempotencyRecord,
    IdempotencyStore,
    IdempotencyUnavailable,
    Reservation,
)
from agents.sender.idempotency_redis import RedisIdempotency
from agents.sender.idempotency_sqlite import SqliteIdempotency

LONG_MS, SHORT_MS = 60_000, 1_500
"""Leases: one that does not end while a test looks, and one whose end a test waits for."""

UNTIL = int(time.time() * 1000) + 3_600_000

Work = Callable[[IdempotencyStore, IdempotencyStore], Awaitable[None]]
Both = Callable[..., None]


@pytest.fixture(params=["redis", "file"])
def both(request: pytest.FixtureRequest, prefix: str, tmp_path: Path) -> Both:
    """Runs a function with the idempotency stores of two senders, whose reservations end after a lease (ms)."""

    def one(owner: str, lease: int) -> IdempotencyStore:
        shared = request.param == "file"
        file = SqliteIdempotency(tmp_path / ("both" if shared else owner), "g", owner, lease)
        if shared:
            return file
        url = request.getfixturevalue("redis_url")
        return RedisIdempotency(url, f"{prefix}sender", owner, lease, file)

    async def run(work: Work, lease: int) -> None:
        async with opened(one("a", lease)) as a, opened(one("b", lease)) as b:
            await work(a, b)

    return lambda work, lease=LONG_MS: asyncio.run(run(work, lease))


@asynccontextmanager
async def opened(marks: IdempotencyStore) -> AsyncIterator[IdempotencyStore]:
    await marks.open()
    try:
        yield marks
    finally:
        await marks.close()


def test_one_of_two_senders_that_reserve_an_id_waits(both: Both) -> None:
    async def work(a: IdempotencyStore, b: IdempotencyStore) -> None:
        claims = await asyncio.gather(a.reserve("x", UNTIL), b.reserve("x", UNTIL))
        assert sorted(claim.state for claim in claims) == ["busy", "ours"]
        assert all(0 < claim.wait <= LONG_MS for claim in claims if claim.state == "busy")
        assert await a.find("x") == await b.find("x") == IdempotencyRecord("tried", UNTIL)

    both(work)


def test_a_released_reservation_is_free_at_once_and_was_tried(both: Both) -> None:
    async def work(a: IdempotencyStore, b: IdempotencyStore) -> None:
        assert await a.reserve("x", UNTIL) == Reservation("ours")
        await a.release("x")
        assert await b.find("x") == IdempotencyRecord("tried", UNTIL)
        assert await b.reserve("x", UNTIL) == Reservation("ours")
        assert (await a.reserve("x", UNTIL)).state == "busy"

    both(work)


def test_the_reservation_of_a_dead_sender_ends_with_its_lease(both: Both) -> None:
    async def work(a: IdempotencyStore, b: IdempotencyStore) -> None:
        await a.reserve("x", UNTIL)
        began = time.monotonic()
        found = await b.reserve("x", UNTIL)
        while found.state == "busy":
            await asyncio.sleep(found.wait / 1000)
            found = await b.reserve("x", UNTIL)
        assert found == Reservation("ours")
        assert time.monotonic() - began > SHORT_MS / 1000 - 0.1

    both(work, SHORT_MS)


def test_its_owner_can_reserve_again_for_a_whole_lease(both: Both) -> None:
    async def work(a: IdempotencyStore, b: IdempotencyStore) -> None:
        lease, looks = SHORT_MS / 1000, 0
        while not looks:  # until the machine is fast enough to look between the ends of both leases
            first = time.monotonic()
            await a.reserve("x", UNTIL)
            await asyncio.sleep(lease / 2)
            again = time.monotonic()
            assert await a.reserve("x", UNTIL) == Reservation("ours")
            await asyncio.sleep(max(0, first + lease + 0.1 - time.monotonic()))
            found = await b.reserve("x", UNTIL)
            looks += time.monotonic() < again + lease
            await b.release("x")
        assert found.state == "busy"

    both(work, SHORT_MS)


def test_a_sent_message_is_never_reserved_again(both: Both) -> None:
    async def work(a: IdempotencyStore, b: IdempotencyStore) -> None:
        await a.reserve("x", UNTIL)
        await a.sent("x", UNTIL)
        await a.drop("x", UNTIL)
        assert await b.find("x") == IdempotencyRecord("sent", UNTIL)
        for each in (a, b):
            assert await each.reserve("x", UNTIL) == Reservation("sent")

    both(work)


def test_a_dropped_message_is_never_reserved_and_a_tried_one_never_dropped(
    both: Both,
) -> None:
    async def work(a: IdempotencyStore, b: IdempotencyStore) -> None:
        await a.drop("x", UNTIL)
        assert await b.reserve("x", UNTIL) == Reservation("dropped")
        await a.reserve("y", UNTIL)
        await b.drop("y", UNTIL)
        assert await a.find("y") == IdempotencyRecord("tried", UNTIL)
        assert await a.find("z") is None

    both(work)


def test_a_file_keeps_records_over_a_restart_until_a_day_after_the_end(tmp_path: Path) -> None:
    now = int(time.time() * 1000)

    async def write() -> None:
        async with opened(SqliteIdempotency(tmp_path / "marks", "g", "a", LONG_MS)) as marks:
            await marks.sent("old", now - 86_400_000 - 1)
            await marks.sent("young", now - 86_400_000 + 60_000)

    async def find() -> None:
        async with opened(SqliteIdempotency(tmp_path / "marks", "g", "b", LONG_MS)) as marks:
            assert await marks.find("old") is None
            assert await marks.reserve("young", now) == Reservation("sent")

    asyncio.run(write())
    asyncio.run(find())


def test_without_redis_nothing_is_reserved_and_sent_records_follow(
    tmp_path: Path, prefix: str
) -> None:
    async def work(server: redis.Server) -> None:
        file = SqliteIdempotency(tmp_path / "spool", "g", "a", LONG_MS)
        marks = RedisIdempotency(server.url, f"{prefix}sender", "a", LONG_MS, file)
        async with opened(marks):
            await marks.reserve("x", UNTIL)
            server.stop()
            await marks.sent("x", UNTIL)
            assert not marks.available
            with pytest.raises(IdempotencyUnavailable):
                await marks.reserve("y", UNTIL)
            assert await marks.reserve("x", UNTIL) == Reservation("sent")
        spool = SqliteIdempotency(tmp_path / "spool", "g", "a", LONG_MS)
        again = RedisIdempotency(server.url, f"{prefix}sender", "a", LONG_MS, spool)
        async with opened(again):
            assert await again.reserve("x", UNTIL) == Reservation("sent")
            server.start()
            tending = asyncio.create_task(again.tend())
            while await spool.all_sent():
                await asyncio.sleep(0.05)
            tending.cancel()
            assert await again.find("x") == IdempotencyRecord("sent", UNTIL)

    with redis.server() as server:
        asyncio.run(asyncio.wait_for(work(server), 90))
