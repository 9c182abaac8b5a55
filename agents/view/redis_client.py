"""A client for a Redis that may fail. Every call ends within 50 ms, and none is repeated. After several failures a circuit
breaker stops the calls for a while.

With redis-py's own defaults a call would wait for a frozen server for up to a minute.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.maint_notifications import MaintNotificationsConfig

LIMIT_S: Final = 0.05
"""Time limit of a call, a new connection included. Longer: a page waits longer for the view. Shorter: a busy moment of
Redis counts as a failure."""

FAILURES: Final = 3
"""Failures in a row that open the breaker."""

OPEN_S: Final = (1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds for which the breaker stays open. Each failed trial call moves to the next, longer value."""


class ViewLost(Exception):
    """Redis did not answer in time, answered with an error, or the breaker is open."""


class Breaker:
    """A circuit breaker. Closed: calls are made. Open: no call is made until the pause has passed; then one trial call is."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures = 0
        self._until = 0.0

    @property
    def is_open(self) -> bool:
        return self._clock() < self._until

    @property
    def left(self) -> float:
        """Seconds until a call may go through."""
        return max(0.0, self._until - self._clock())

    def worked(self) -> None:
        self._failures = 0

    def failed(self) -> None:
        self._failures += 1
        beyond = self._failures - FAILURES
        if beyond >= 0:
            self._until = self._clock() + OPEN_S[min(beyond, len(OPEN_S) - 1)]


class Link:
    """A connection with a breaker. `fault`: why the last call failed, empty if it succeeded · `calls`: numbers of calls
    that succeeded (ok), failed, and were not made (refused)."""

    def __init__(self, url: str) -> None:
        self.breaker = Breaker()
        self.fault = ""
        self.calls = {"ok": 0, "failed": 0, "refused": 0}
        self._client: Any = Redis.from_url(
            url,
            decode_responses=True,
            socket_timeout=LIMIT_S,
            socket_connect_timeout=LIMIT_S,
            retry=Retry(NoBackoff(), 0),
            client_name="triggers-view",
            lib_name=None,  # to send the library's name would cost a round trip within the limit
            lib_version=None,
            maint_notifications_config=MaintNotificationsConfig(enabled=False),
            max_connections=8,
        )

    async def call(self, *command: str | int | bytes) -> Any:
        """The answer to a command. Raises ViewLost."""
        if self.breaker.is_open:
            self.calls["refused"] += 1
            raise ViewLost(self.fault)
        try:
            async with asyncio.timeout(LIMIT_S):
                answer = await self._client.execute_command(*command)
        except (RedisError, OSError, TimeoutError) as error:
            self.breaker.failed()
            self.fault = type(error).__name__
            self.calls["failed"] += 1
            raise ViewLost(self.fault) from error
        self.breaker.worked()
        self.fault = ""
        self.calls["ok"] += 1
        return answer

    async def close(self) -> None:
        """Closes the connections. An error of Redis is ignored."""
        with suppress(RedisError):
            await self._client.aclose()
