"""Idempotency records in a file of this machine (SQLite), for senders without a Redis.

All senders of a machine can share the file. A sender that is frozen during a write blocks the others. A record is on
disk before the call returns, so it survives a crash of the process and of the machine.
"""

import asyncio
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, TypeVar

from agents.sender.idempotency import (
    KEPT_MS,
    IdempotencyRecord,
    IdempotencyUnavailable,
    Reservation,
)
from stream import durations

T = TypeVar("T")

TABLE: Final = """
create table if not exists deliveries (
    id text primary key, state text not null, until integer not null,
    owner text, lease integer not null default 0
) without rowid
"""
GROUP: Final = "create table if not exists belongs (consumers text not null)"
OWN: Final = "insert into belongs select ? where not exists (select 1 from belongs)"
OWNER: Final = "select consumers from belongs"
SENT: Final = "insert or replace into deliveries (id, state, until) values (?, 'sent', ?)"
DROPPED: Final = "insert or ignore into deliveries (id, state, until) values (?, 'dropped', ?)"
BUSY_S: Final = 5.0
"""Seconds for which another process may lock the file."""


class OtherGroup(Exception):
    """The file belongs to another consumer group. What that one has sent would never go out here."""


class SqliteIdempotency:
    """The store in a file: one connection, in a thread of its own. `group`: the consumer group, to which the file belongs ·
    `owner`: a unique name of this sender."""

    def __init__(self, file: Path, group: str, owner: str, lease_ms: int) -> None:
        self._file, self._group, self._owner, self._lease = file, group, owner, lease_ms
        self._thread = ThreadPoolExecutor(1, "idempotency")
        self._swept = 0
        self._opened: sqlite3.Connection | None = None
        self.available = True

    async def open(self) -> None:
        """Opens the file. Raises OSError, sqlite3.Error, OtherGroup."""

        def connect() -> sqlite3.Connection:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            base = sqlite3.connect(self._file, timeout=BUSY_S, isolation_level=None)
            base.execute("pragma journal_mode = wal")
            base.execute("pragma synchronous = full")
            for table in (TABLE, GROUP):
                base.execute(table)
            # a file that has its group is only read: a frozen sender may hold the lock
            if base.execute(OWNER).fetchone() is None:
                base.execute(OWN, (self._group,))
            ((group,),) = base.execute(OWNER)
            if group != self._group:
                base.close()
                raise OtherGroup(
                    f"{self._file} belongs to the group {group}, not to {self._group}: set TRIGGERS_SENDER_STORE to "
                    "a file for each TRIGGERS_SENDER_GROUP"
                )
            return base

        self._opened = await asyncio.get_running_loop().run_in_executor(self._thread, connect)

    async def close(self) -> None:
        if self._opened is not None:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._opened.close)
        self._thread.shutdown()

    @property
    def _base(self) -> sqlite3.Connection:
        assert self._opened is not None, "opened"
        return self._opened

    async def find(self, id: str) -> IdempotencyRecord | None:
        return await self._run(lambda: self._find(id))

    async def reserve(self, id: str, until: int) -> Reservation:
        return await self._run(lambda: self._reserve(id, until))

    async def sent(self, id: str, until: int) -> None:
        await self._run(lambda: self._base.execute(SENT, (id, until)))

    async def release(self, id: str) -> None:
        statement = "update deliveries set lease = 0 where id = ? and owner = ?"
        await self._run(lambda: self._base.execute(statement, (id, self._owner)))

    async def drop(self, id: str, until: int) -> None:
        await self._run(lambda: self._base.execute(DROPPED, (id, until)))

    async def all_sent(self) -> dict[str, int]:
        """The ids of all sent messages, each with the end of its message (ms)."""
        statement = "select id, until from deliveries where state = 'sent'"
        return await self._run(lambda: dict(self._base.execute(statement).fetchall()))

    async def forget(self, id: str) -> None:
        await self._run(lambda: self._base.execute("delete from deliveries where id = ?", (id,)))

    async def _run(self, work: Callable[[], T]) -> T:
        loop = asyncio.get_running_loop()
        try:
            result = await loop.run_in_executor(self._thread, lambda: self._whole(work))
        except sqlite3.OperationalError as error:  # disk full, or locked too long
            self.available = False
            raise IdempotencyUnavailable(str(error)) from error
        self.available = True
        return result

    def _whole(self, work: Callable[[], T]) -> T:
        """Runs a function in one exclusive transaction."""
        self._base.execute("begin immediate")
        try:
            self._sweep()
            return work()
        except BaseException:
            self._base.execute("rollback")
            raise
        finally:
            if self._base.in_transaction:
                self._base.execute("commit")

    def _sweep(self) -> None:
        """Deletes old records once an hour."""
        now = _now()
        if now - self._swept > durations.HOUR:
            self._base.execute("delete from deliveries where until < ?", (now - KEPT_MS,))
            self._swept = now

    def _find(self, id: str) -> IdempotencyRecord | None:
        statement = "select state, until from deliveries where id = ?"
        row = self._base.execute(statement, (id,)).fetchone()
        return IdempotencyRecord(*row) if row else None

    def _reserve(self, id: str, until: int) -> Reservation:
        now = _now()
        statement = "select state, owner, lease from deliveries where id = ?"
        state, owner, lease = self._base.execute(statement, (id,)).fetchone() or ("", None, 0)
        if state == "sent":
            return Reservation("sent")
        if state == "dropped":
            return Reservation("dropped")
        if lease > now and owner != self._owner:
            return Reservation("busy", lease - now)
        row = (id, until, self._owner, now + self._lease)
        self._base.execute("insert or replace into deliveries values (?, 'tried', ?, ?, ?)", row)
        return Reservation("ours")


def _now() -> int:
    return int(time.time() * 1000)
