"""Idempotency records in Redis, and in a file while Redis does not answer."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from redis.exceptions import ConnectionError as RedisLost

from agents.sender import idempotency_redis
from agents.sender.idempotency import IdempotencyRecord, IdempotencyUnavailable, Reservation
from agents.sender.idempotency_redis import BUSY_MS, RedisIdempotency
from agents.sender.idempotency_sqlite import SqliteIdempotency
from stream.durations import DAY, HOUR

UNTIL = int(time.time() * 1000) + HOUR


class FakeRedis:
    """The commands that a sender needs. `lives`: ms that each key was given. `down`: nothing answers."""

    def __init__(self) -> None:
        self.keys: dict[str, str] = {}
        self.lives: dict[str, int] = {}
        self.down = False
        self.asked = 0
        self.closed = False

    def _answer(self) -> None:
        self.asked += 1
        if self.down:
            raise RedisLost

    async def get(self, name: str) -> str | None:
        self._answer()
        return self.keys.get(name)

    async def set(self, name: str, value: str, px: int, nx: bool = False) -> bool | None:
        self._answer()
        if nx and name in self.keys:
            return None
        self.keys[name], self.lives[name] = value, px
        return True

    async def delete(self, name: str) -> int:
        self._answer()
        return 1 if self.keys.pop(name, None) is not None else 0

    async def ping(self) -> bool:
        self._answer()
        return True

    def pipeline(self, transaction: bool) -> "Pipe":
        assert not transaction, "a cluster has both keys on one node, and no transaction is needed"
        return Pipe(self)

    async def aclose(self) -> None:
        self.closed = True


class Pipe:
    def __init__(self, redis: FakeRedis) -> None:
        self._redis, self._calls = redis, list[Any]()

    def __getattr__(self, name: str) -> Callable[..., "Pipe"]:
        def later(*args: Any, **more: Any) -> Pipe:
            self._calls.append((name, args, more))
            return self

        return later

    async def execute(self) -> list[Any]:
        return [await getattr(self._redis, n)(*args, **more) for n, args, more in self._calls]


class Given:
    def __init__(self, folder: Path) -> None:
        self.redis, self.folder = FakeRedis(), folder
        self.mine, self.theirs = self.sender("me"), self.sender("they")

    def sender(self, owner: str) -> RedisIdempotency:
        spool = SqliteIdempotency(self.folder / owner, "g", owner, 60_000)
        store = RedisIdempotency("redis://localhost:1", "group", owner, 60_000, spool)
        store._redis = self.redis
        return store


@pytest.fixture
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(idempotency_redis, "BREAK_S", 0.02)
    monkeypatch.setattr(idempotency_redis, "TEND_S", 0.005)

    def run(test: Callable[[Given], Awaitable[None]]) -> None:
        async def whole() -> None:
            given = Given(tmp_path)
            for store in (given.mine, given.theirs):
                await store.open()
            await asyncio.wait_for(test(given), 10)
            for store in (given.mine, given.theirs):
                await store.close()
            assert given.redis.closed

        asyncio.run(whole())

    return run


def near(life: int, of: int) -> bool:
    """Whether this many ms were `of` when the tests were collected, at most half an hour ago."""
    return of - HOUR // 2 < life <= of


def test_a_reservation_keeps_others_out_for_its_lease(play: Any) -> None:
    async def test(given: Given) -> None:
        assert await given.mine.reserve("a", UNTIL) == Reservation("ours")
        assert given.redis.keys == {"group:{a}:claim": "me", "group:{a}:state": f"tried {UNTIL}"}
        assert given.redis.lives["group:{a}:claim"] == 60_000
        assert near(given.redis.lives["group:{a}:state"], HOUR + DAY)
        assert await given.mine.find("a") == IdempotencyRecord("tried", UNTIL)
        assert await given.theirs.reserve("a", UNTIL) == Reservation("busy", BUSY_MS)
        assert await given.mine.reserve("a", UNTIL) == Reservation("ours")
        await given.mine.release("a")
        assert await given.theirs.reserve("a", UNTIL) == Reservation("ours")

    play(test)


def test_sent_and_dropped_are_final(play: Any) -> None:
    async def test(given: Given) -> None:
        await given.mine.reserve("a", UNTIL)
        await given.mine.sent("a", UNTIL)
        await given.mine.drop("b", UNTIL)
        assert await given.theirs.reserve("a", UNTIL) == Reservation("sent")
        assert await given.theirs.reserve("b", UNTIL) == Reservation("dropped")
        assert "group:{a}:claim" not in given.redis.keys
        assert "group:{b}:claim" not in given.redis.keys, "its own claim is released again"
        await given.theirs.drop("a", UNTIL)
        assert await given.mine.find("a") == IdempotencyRecord("sent", UNTIL)
        assert near(given.redis.lives["group:{b}:state"], HOUR + DAY)
        await given.mine.forget("a")
        assert await given.mine.find("a") is None

    play(test)


def test_a_record_of_an_ended_message_lives_a_day(play: Any) -> None:
    async def test(given: Given) -> None:
        await given.mine.sent("a", 5)
        assert given.redis.lives["group:{a}:state"] == DAY

    play(test)


def test_while_redis_is_down_reservations_fail_and_requests_are_rare(play: Any) -> None:
    async def test(given: Given) -> None:
        given.redis.down = True
        with pytest.raises(IdempotencyUnavailable):
            await given.mine.reserve("a", UNTIL)
        assert not given.mine.available
        asked = given.redis.asked
        with pytest.raises(IdempotencyUnavailable):
            await given.mine.find("a")
        assert given.redis.asked == asked, "not within a moment of a failure"
        given.redis.down = False
        await asyncio.sleep(0.03)
        assert (await given.mine.reserve("a", UNTIL)).state == "ours"
        assert given.mine.available

    play(test)


def test_a_2xx_is_kept_in_the_file_while_redis_is_down_and_written_when_it_is_back(
    play: Any,
) -> None:
    async def test(given: Given) -> None:
        await given.mine.reserve("a", UNTIL)
        given.redis.down = True
        await given.mine.sent("a", UNTIL)
        await given.mine.sent("b", UNTIL)
        assert await given.mine.find("a") == IdempotencyRecord("sent", UNTIL)
        assert await given.mine.reserve("a", UNTIL) == Reservation("sent")
        again = given.sender("me")
        await again.open()
        assert await again.reserve("a", UNTIL) == Reservation("sent"), "after a restart, too"
        tending = asyncio.create_task(again.tend())
        await asyncio.sleep(0.03)
        given.redis.down = False
        while again._spooled:
            await asyncio.sleep(0.005)
        tending.cancel()
        await asyncio.wait((tending,))
        assert given.redis.keys["group:{a}:state"] == f"sent {UNTIL}"
        assert near(given.redis.lives["group:{b}:state"], HOUR + DAY)
        assert await again._spool.all_sent() == {}
        assert again.available
        await again.close()

    play(test)


def test_a_forgotten_message_is_forgotten_in_the_file_too(play: Any) -> None:
    async def test(given: Given) -> None:
        given.redis.down = True
        await given.mine.sent("a", UNTIL)
        given.redis.down = False
        await asyncio.sleep(0.03)
        await given.mine.forget("a")
        assert await given.mine.find("a") is None
        assert await given.mine._spool.all_sent() == {}

    play(test)


def test_the_loss_of_redis_and_its_return_are_logged_once(
    play: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")

    async def test(given: Given) -> None:
        given.redis.down = True
        for _ in range(3):
            with pytest.raises(IdempotencyUnavailable):
                await given.mine.find("a")
            await asyncio.sleep(0.03)
        given.redis.down = False
        await given.mine.find("a")
        await given.mine.find("a")

    play(test)
    told = [record.getMessage() for record in caplog.records]
    assert told == ["redis_lost error=ConnectionError", "redis_back"]


def test_a_request_to_redis_has_a_time_limit_and_is_not_repeated() -> None:
    async def test() -> None:
        spool: Any = None
        store = RedisIdempotency("redis://localhost:1", "group", "me", 60_000, spool)
        given = store._redis.connection_pool.connection_kwargs
        assert (given["socket_timeout"], given["socket_connect_timeout"]) == (0.5, 0.5)
        assert given["decode_responses"] is True
        assert given["retry"]._retries == 0
        assert store.available
        await store._redis.aclose()

    asyncio.run(test())
