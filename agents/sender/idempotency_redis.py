"""Idempotency records in Redis, for any number of senders on any machines.

`<group>:{<id>}:claim` → owner, for the lease; `<group>:{<id>}:state` → `state until`, until a day after the
message has ended. The group is the consumer group; another group has another endpoint. The braces keep both keys on one
node of a cluster. A sender needs only GET, SET, DEL and PING.

While Redis does not answer, nothing can be reserved, so nothing is sent. If an open request is answered with 2xx,
that is written to the spool file, and to Redis when it answers again.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final, cast

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from agents.runtime.log import say
from agents.sender.idempotency import (
    KEPT_MS,
    IdempotencyRecord,
    IdempotencyUnavailable,
    Reservation,
    State,
)
from agents.sender.idempotency_sqlite import SqliteIdempotency

log = logging.getLogger("triggers.sender")

ANSWER_S: Final = 0.5
BREAK_S: Final = 0.5
"""Seconds without requests to Redis after a failure, so that a frozen Redis does not delay every message."""

TEND_S: Final = 1.0

BUSY_MS: Final = 500
"""Ms between attempts to reserve an id that another sender has reserved."""


class RedisIdempotency:
    """The store in Redis. `owner`: a unique name of this sender · `spool`: records that are not in Redis yet."""

    def __init__(
        self, url: str, group: str, owner: str, lease_ms: int, spool: SqliteIdempotency
    ) -> None:
        self._redis: Any = Redis.from_url(
            url,
            socket_timeout=ANSWER_S,
            socket_connect_timeout=ANSWER_S,
            retry=Retry(NoBackoff(), 0),
            decode_responses=True,
        )
        self._group, self._owner, self._lease = group, owner, lease_ms
        self._spool = spool
        self._spooled: dict[str, int] = {}
        self._broken_until = 0.0
        self.available = True

    async def open(self) -> None:
        """Opens the store. Raises OSError, sqlite3.Error, OtherGroup."""
        await self._spool.open()
        self._spooled = await self._spool.all_sent()

    async def close(self) -> None:
        await self._redis.aclose()
        await self._spool.close()

    async def find(self, id: str) -> IdempotencyRecord | None:
        if id in self._spooled:
            return IdempotencyRecord("sent", self._spooled[id])
        return _record(await self._ask(lambda: self._redis.get(self._key(id, "state"))))

    async def reserve(self, id: str, until: int) -> Reservation:
        if id in self._spooled:
            return Reservation("sent")
        reservation, key = self._key(id, "claim"), self._key(id, "state")
        with_lease = {"name": reservation, "value": self._owner, "px": self._lease}
        pipe = self._redis.pipeline(transaction=False)
        pipe.set(**with_lease, nx=True).get(reservation).get(key)
        new, owner, text = await self._ask(pipe.execute)
        known = _record(text)
        if known and known.state != "tried":
            if new:
                await self.release(id)
            return Reservation(known.state)
        if not new and owner != self._owner:
            return Reservation("busy", BUSY_MS)
        pipe = self._redis.pipeline(transaction=False)
        pipe.set(**with_lease).set(key, f"tried {until}", nx=True, px=_life(until))
        await self._ask(pipe.execute)
        return Reservation("ours")

    async def sent(self, id: str, until: int) -> None:
        pipe = self._redis.pipeline(transaction=False)
        pipe.set(self._key(id, "state"), f"sent {until}", px=_life(until))
        pipe.delete(self._key(id, "claim"))
        try:
            await self._ask(pipe.execute)
        except IdempotencyUnavailable:
            await self._spool.sent(id, until)
            self._spooled[id] = until

    async def release(self, id: str) -> None:
        await self._ask(lambda: self._redis.delete(self._key(id, "claim")))

    async def drop(self, id: str, until: int) -> None:
        key, value = self._key(id, "state"), f"dropped {until}"
        await self._ask(lambda: self._redis.set(key, value, nx=True, px=_life(until)))

    async def forget(self, id: str) -> None:
        if self._spooled.pop(id, None) is not None:
            await self._spool.forget(id)
        await self._ask(lambda: self._redis.delete(self._key(id, "state")))

    async def tend(self) -> None:
        """Runs until cancelled: checks whether Redis answers, and writes the spool to it."""
        while True:
            with suppress(IdempotencyUnavailable):
                await self._ask(self._redis.ping)
                for id in list(self._spooled):
                    if id in self._spooled:
                        await self._unspool(id)
            await asyncio.sleep(TEND_S)

    async def _unspool(self, id: str) -> None:
        key, until = self._key(id, "state"), self._spooled[id]
        await self._ask(lambda: self._redis.set(key, f"sent {until}", px=_life(until)))
        await self._spool.forget(id)
        self._spooled.pop(id, None)

    def _key(self, id: str, what: str) -> str:
        return f"{self._group}:{{{id}}}:{what}"

    async def _ask(self, question: Callable[[], Awaitable[Any]]) -> Any:
        if time.monotonic() < self._broken_until:
            raise IdempotencyUnavailable
        try:
            answer = await question()
        except (RedisError, OSError) as error:
            self._broken_until = time.monotonic() + BREAK_S
            if self.available:
                say(log, "redis_lost", logging.WARNING, error=type(error).__name__)
            self.available = False
            raise IdempotencyUnavailable from error
        if not self.available:
            say(log, "redis_back")
        self.available = True
        return answer


def _record(text: str | None) -> IdempotencyRecord | None:
    if text is None:
        return None
    state, _, until = text.partition(" ")
    return IdempotencyRecord(cast(State, state), int(until))


def _life(until: int) -> int:
    """The lifetime of a record in ms from now."""
    return max(until - int(time.time() * 1000), 0) + KEPT_MS
