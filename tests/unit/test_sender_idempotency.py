"""Idempotency records in a file, shared by two senders of one machine."""

import asyncio
import sqlite3
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from agents.sender import idempotency_sqlite
from agents.sender.idempotency import IdempotencyRecord, IdempotencyUnavailable, Reservation
from agents.sender.idempotency_sqlite import OtherGroup, SqliteIdempotency
from stream.durations import DAY, HOUR

NOW = 1_800_000_000_000
LEASE = 60_000


class Now:
    def __init__(self) -> None:
        self.ms = NOW

    def __call__(self) -> int:
        return self.ms


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> Now:
    clock = Now()
    monkeypatch.setattr(idempotency_sqlite, "_now", clock)
    return clock


@pytest.fixture
def play(tmp_path: Path) -> Any:
    def run(test: Callable[[SqliteIdempotency, SqliteIdempotency], Awaitable[None]]) -> None:
        async def whole() -> None:
            file = tmp_path / "new" / "folder" / "sent.sqlite3"
            mine, theirs = (SqliteIdempotency(file, "g", name, LEASE) for name in ("me", "they"))
            await mine.open()
            await theirs.open()
            try:
                await test(mine, theirs)
            finally:
                await mine.close()
                await theirs.close()

        asyncio.run(whole())

    return run


def test_a_reservation_keeps_others_out_until_its_lease_ends(play: Any, now: Now) -> None:
    async def test(mine: SqliteIdempotency, theirs: SqliteIdempotency) -> None:
        assert await mine.reserve("a", NOW + HOUR) == Reservation("ours")
        assert await mine.find("a") == IdempotencyRecord("tried", NOW + HOUR)
        now.ms += 1_000
        assert await theirs.reserve("a", NOW + HOUR) == Reservation("busy", LEASE - 1_000)
        assert await mine.reserve("a", NOW + HOUR) == Reservation("ours"), "it renews its own"
        now.ms += LEASE - 1
        assert (await theirs.reserve("a", NOW + HOUR)).state == "busy"
        now.ms += 1
        assert await theirs.reserve("a", NOW + HOUR) == Reservation("ours")

    play(test)


def test_a_released_id_is_free_at_once_and_only_its_owner_can_release_it(
    play: Any, now: Now
) -> None:
    async def test(mine: SqliteIdempotency, theirs: SqliteIdempotency) -> None:
        await mine.reserve("a", NOW + HOUR)
        await theirs.release("a")
        assert (await theirs.reserve("a", NOW + HOUR)).state == "busy"
        await mine.release("a")
        assert await mine.find("a") == IdempotencyRecord("tried", NOW + HOUR)
        assert (await theirs.reserve("a", NOW + HOUR)).state == "ours"

    play(test)


def test_sent_and_dropped_are_final(play: Any, now: Now) -> None:
    async def test(mine: SqliteIdempotency, theirs: SqliteIdempotency) -> None:
        await mine.reserve("a", NOW + HOUR)
        await mine.sent("a", NOW + HOUR)
        await theirs.drop("b", NOW + HOUR)
        assert await theirs.reserve("a", NOW + HOUR) == Reservation("sent")
        assert await mine.reserve("b", NOW + HOUR) == Reservation("dropped")
        await mine.drop("a", NOW + 2 * HOUR)
        assert await mine.find("a") == IdempotencyRecord("sent", NOW + HOUR)
        assert await mine.all_sent() == {"a": NOW + HOUR}

    play(test)


def test_a_tried_message_is_not_dropped_and_a_forgotten_one_is_unknown(play: Any, now: Now) -> None:
    async def test(mine: SqliteIdempotency, theirs: SqliteIdempotency) -> None:
        await mine.reserve("a", NOW + HOUR)
        await mine.drop("a", NOW + HOUR)
        assert (await mine.find("a")) == IdempotencyRecord("tried", NOW + HOUR)
        await mine.forget("a")
        assert await mine.find("a") is None

    play(test)


def test_a_record_lives_a_day_longer_than_its_message(play: Any, now: Now) -> None:
    async def test(mine: SqliteIdempotency, theirs: SqliteIdempotency) -> None:
        await mine.sent("a", NOW)
        now.ms = NOW + DAY
        await mine.sent("b", NOW + DAY)
        assert await mine.find("a") is not None
        now.ms = NOW + DAY + HOUR
        assert await mine.find("a") is not None, "it sweeps once an hour"
        now.ms += 1
        assert await mine.find("a") is None
        assert await mine.find("b") is not None

    play(test)


def test_a_file_that_stays_locked_makes_records_unavailable(
    play: Any, now: Now, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(idempotency_sqlite, "BUSY_S", 0.01)

    async def test(mine: SqliteIdempotency, theirs: SqliteIdempotency) -> None:
        await mine.sent("a", NOW)
        lock = sqlite3.connect(tmp_path / "new" / "folder" / "sent.sqlite3", isolation_level=None)
        lock.execute("begin immediate")
        with pytest.raises(IdempotencyUnavailable):
            await mine.find("a")
        assert not mine.available
        lock.execute("rollback")
        lock.close()
        assert await mine.find("a") is not None
        assert mine.available

    play(test)


def test_a_failed_write_leaves_nothing_and_the_next_one_works(play: Any, now: Now) -> None:
    async def test(mine: SqliteIdempotency, theirs: SqliteIdempotency) -> None:
        def fails() -> None:
            mine._base.execute(idempotency_sqlite.SENT, ("a", NOW))
            raise ValueError

        with pytest.raises(ValueError, match=r"^$"):
            await mine._run(fails)
        assert await theirs.find("a") is None
        await theirs.sent("a", NOW)
        assert await mine.all_sent() == {"a": NOW}

    play(test)


def test_records_survive_the_process(tmp_path: Path, now: Now) -> None:
    async def write() -> None:
        store = SqliteIdempotency(tmp_path / "sent", "g", "me", LEASE)
        await store.open()
        await store.sent("a", NOW)
        await store.close()

    async def read() -> None:
        store = SqliteIdempotency(tmp_path / "sent", "g", "me", LEASE)
        await store.open()
        assert await store.all_sent() == {"a": NOW}
        await store.close()

    asyncio.run(write())
    asyncio.run(read())


def test_the_file_of_another_group_is_refused(tmp_path: Path) -> None:
    async def opened(group: str) -> None:
        store = SqliteIdempotency(tmp_path / "sent", group, "me", LEASE)
        try:
            await store.open()
        finally:
            await store.close()

    asyncio.run(opened("mail"))
    asyncio.run(opened("mail"))
    with pytest.raises(OtherGroup, match=r"sent belongs to the group mail, not to push: set TRIGG"):
        asyncio.run(opened("push"))


def test_a_file_that_a_frozen_sender_has_locked_can_be_opened(tmp_path: Path) -> None:
    async def test() -> None:
        first, second = (SqliteIdempotency(tmp_path / "sent", "g", name, LEASE) for name in "ab")
        await first.open()
        locked = sqlite3.connect(tmp_path / "sent", isolation_level=None)
        locked.execute("begin immediate")
        await second.open()
        locked.close()
        await first.close()
        await second.close()

    asyncio.run(test())


def test_a_record_is_on_disk_before_a_call_returns(tmp_path: Path) -> None:
    async def test() -> None:
        store = SqliteIdempotency(tmp_path / "sent", "g", "me", LEASE)
        await store.open()

        def pragma(name: str) -> object:
            return store._base.execute(f"pragma {name}").fetchone()[0]

        found = [await store._run(partial(pragma, n)) for n in ("journal_mode", "synchronous")]
        assert found == ["wal", 2]
        assert store.available
        await store.close()
        assert store._thread._shutdown

    asyncio.run(test())


def test_a_store_that_was_never_opened_closes_without_an_error(tmp_path: Path) -> None:
    asyncio.run(SqliteIdempotency(tmp_path / "sent", "g", "me", LEASE).close())


def test_old_records_are_deleted_at_most_once_an_hour(play: Any, now: Now) -> None:
    async def test(mine: SqliteIdempotency, theirs: SqliteIdempotency) -> None:
        await mine.sent("old", NOW - 2 * DAY)
        now.ms += HOUR
        assert await mine.find("old") is not None
        now.ms += 1
        assert await mine.find("old") is None
        await mine.sent("older", NOW - 2 * DAY)
        assert await mine.find("older") is not None

    play(test)


@pytest.mark.parametrize(("ago", "kept"), [(DAY - HOUR, True), (DAY + HOUR, False)])
def test_the_age_of_a_record_is_by_the_clock_of_the_machine(
    tmp_path: Path, ago: int, kept: bool
) -> None:
    async def whole() -> IdempotencyRecord | None:
        until = time.time_ns() // 1_000_000 - ago
        for name in ("before", "after"):  # what a sender finds when it starts
            records = SqliteIdempotency(tmp_path / "sent", "g", name, LEASE)
            await records.open()
            if name == "before":
                await records.sent("a", until)
            found = await records.find("a")
            await records.close()
        return found

    assert (asyncio.run(whole()) is not None) is kept
