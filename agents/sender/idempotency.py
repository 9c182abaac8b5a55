"""Idempotency records: the state of each message by its id, so that it is sent once.

`tried`: a request may have reached the endpoint. `sent`: the endpoint answered 2xx, or the cancel of the trigger is on
its way to it; the message is never sent again.
`dropped`: it was cancelled before an attempt; it is never sent. `sent` and `dropped` are final.

A sender reserves an id for a lease before it sends. So of two senders (one that was frozen, and its successor)
one waits. A reservation ends with `sent`, with `release`, or when it expires. In the last case its owner is dead and
the result of the request is unknown: the message is sent again with the same webhook-id.
"""

from typing import Final, Literal, NamedTuple, Protocol

from stream import durations

State = Literal["tried", "sent", "dropped"]

KEPT_MS: Final = durations.DAY
"""Ms by which a record outlives its message. A copy of the message that comes later is dropped as expired. The day
covers clocks that differ, and cancels at the last moment."""


class IdempotencyUnavailable(Exception):
    """Records cannot be read or written now, so nothing may be sent."""


class IdempotencyRecord(NamedTuple):
    """A record. `until`: when the message ends (ms)."""

    state: State
    until: int


class Reservation(NamedTuple):
    """The answer to a reservation.

    `state` "ours": send it, then call `sent` or `release`. "busy": another sender has reserved it, retry after `wait`
    ms. "sent", "dropped": do not send it.
    """

    state: Literal["ours", "busy", "sent", "dropped"]
    wait: int = 0


class IdempotencyStore(Protocol):
    """The store. `find` to `forget` raise IdempotencyUnavailable."""

    async def open(self) -> None:
        """Opens the store. Raises OSError, sqlite3.Error, OtherGroup."""
        ...

    async def close(self) -> None: ...

    async def find(self, id: str) -> IdempotencyRecord | None: ...

    async def reserve(self, id: str, until: int) -> Reservation:
        """Reserves an id. If that succeeds, its record is `tried` from now on."""
        ...

    async def sent(self, id: str, until: int) -> None: ...

    async def release(self, id: str) -> None:
        """Ends a reservation after a failed attempt. Any sender may retry at once."""
        ...

    async def drop(self, id: str, until: int) -> None:
        """Writes `dropped`, unless there is a record."""
        ...

    async def forget(self, id: str) -> None:
        """Deletes the record of a message."""
        ...

    @property
    def available(self) -> bool:
        """Whether the last call succeeded."""
        ...
