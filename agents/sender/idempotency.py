"""What is remembered of each message, so that it goes out once: by id, for as long as it could come again.

`tried`: a request may have reached the endpoint. `sent`: a 2xx was seen, it never goes again.
`dropped`: cancelled before anything was tried, it never goes. `sent` and `dropped` are final.

Who is about to send claims the id for a lease, so that of two senders (one that was frozen and woke up, and
its successor) one waits. A claim ends with `sent`, with `release`, or by itself: then its owner is dead,
nobody knows what became of the request, and it goes out again under the same webhook-id.
"""

from typing import Final, Literal, NamedTuple, Protocol

from stream import durations

State = Literal["tried", "sent", "dropped"]

KEPT_MS: Final = durations.DAY
"""A mark outlives its message by so much. A message that comes again later is dropped as expired; the day
is for clocks that differ and for cancels that come at the last moment."""


class IdempotencyUnavailable(Exception):
    """Nothing can be looked up or written now: nothing may be sent."""


class IdempotencyRecord(NamedTuple):
    """`until`: when the message ends (ms)."""

    state: State
    until: int


class Reservation(NamedTuple):
    """`state` "ours": send it, and say `sent` or `release`. "busy": another's, ask again after `wait` ms.
    "sent", "dropped": do not send it."""

    state: Literal["ours", "busy", "sent", "dropped"]
    wait: int = 0


class IdempotencyStore(Protocol):
    """`find` to `forget` raise IdempotencyUnavailable."""

    async def open(self) -> None:
        """Raises OSError, sqlite3.Error."""
        ...

    async def close(self) -> None: ...

    async def find(self, id: str) -> IdempotencyRecord | None: ...

    async def reserve(self, id: str, until: int) -> Reservation:
        """Ours, it is `tried` from now on."""
        ...

    async def sent(self, id: str, until: int) -> None: ...

    async def release(self, id: str) -> None:
        """The try failed: whoever comes may try again, at once."""
        ...

    async def drop(self, id: str, until: int) -> None:
        """Changes nothing if there is a mark."""
        ...

    async def forget(self, id: str) -> None:
        """Nothing is remembered of the message."""
        ...

    @property
    def available(self) -> bool:
        """Whether the last call went well."""
        ...
