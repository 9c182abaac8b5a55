"""Publishes live events to browsers. Each subscriber has a bounded queue; all share one bounded buffer of past events.

Events are numbered within a process. `name` puts an id of the process before the number, so that a browser that
reconnects can say after which event it continues. A slow subscriber loses the oldest events in its queue, and is
told their number. It never delays the others.
"""

import asyncio
import json
import secrets
from collections import deque
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Final, Literal, Self

Kind = Literal["trigger", "cancel", "decision", "audience", "rejected", "left_out", "status"]

Words = Callable[[Kind, Mapping[str, Any]], Mapping[str, Any]]
"""Returns further fields of a live event: its title and details in plain words."""

REMEMBERED: Final = 1_000
"""Past live events kept for browsers that connect or reconnect. Fewer: gaps after a short loss of the connection."""

WAITING: Final = 500
"""Size of a subscriber's queue. Larger: more memory for each slow subscriber."""


class LiveEvent:
    """An event for the page, with its `data` as plain JSON.

    The data of `trigger`, `cancel` and `audience` are those of the CloudEvent, of `decision` the record, of `rejected`
    its headers, of `left_out` the part of a posted event that was left out. All have the record's `topic` (without the
    prefix), `partition`, `offset` and `t`, the broker's time (ms). `number` 0: not kept in the buffer (`status`).
    """

    __slots__ = ("_text", "_words", "data", "kind", "number")

    def __init__(self, number: int, kind: Kind, data: Mapping[str, Any], words: Words) -> None:
        self.number = number
        self.kind: Kind = kind
        self.data = data
        self._words = words
        self._text: str | None = None

    @property
    def text(self) -> str:
        """`data` and its plain words, as JSON. Encoded once, when it is first sent."""
        if self._text is None:
            whole = {**self.data, **self._words(self.kind, self.data)}
            self._text = json.dumps(whole, separators=(",", ":"), ensure_ascii=False)
        return self._text

    @property
    def visitor(self) -> str | None:
        return self.data.get("visitor")

    @property
    def person(self) -> str | None:
        return self.data.get("person")


class Hub:
    """The hub of a process, on one event loop. No method waits or blocks."""

    def __init__(
        self,
        words: Words = lambda kind, data: {},
        remembered: int = REMEMBERED,
        waiting: int = WAITING,
    ) -> None:
        self._words = words
        self._process_id = secrets.token_hex(4)
        self._count = 0
        self._waiting = waiting
        self._buffer: deque[LiveEvent] = deque(maxlen=remembered)
        self._subscriptions: set[Subscription] = set()
        self.closed = False

    def publish(self, kind: Kind, data: Mapping[str, Any], *, remember: bool = True) -> None:
        """Puts a live event into the queue of every subscriber that wants it."""
        number = 0
        if remember:
            self._count += 1
            number = self._count
        event = LiveEvent(number, kind, data, self._words)
        if remember:
            self._buffer.append(event)
        for subscription in self._subscriptions:
            subscription.offer(event)

    def subscribe(
        self,
        *,
        visitor: str | None = None,
        person: str | None = None,
        kinds: frozenset[Kind] | None = None,
        after: str | None = "",
    ) -> "Subscription":
        """Subscribes to the events of a visitor, of a person, or of all. `kinds`: None for all.

        `after`: name of the last event that the subscriber has. The buffered events after it come first.
        "": all buffered events come first. None: only new events. Use the subscription with `async with`.
        """

        def wanted(event: LiveEvent) -> bool:
            return (
                (kinds is None or event.kind in kinds)
                and (visitor is None or event.visitor == visitor)
                and (person is None or event.person == person)
            )

        subscription = Subscription(self._subscriptions, wanted, self._waiting)
        if after is not None:
            start = self._number(after)
            buffered = [each for each in self._buffer if each.number > start and wanted(each)]
            for event in buffered[-self._waiting :]:
                subscription.offer(event)
        return subscription

    def name(self, event: LiveEvent) -> str:
        """The id of an event in the stream of server-sent events."""
        return f"{self._process_id}-{event.number}"

    def knows(self, name: str) -> bool:
        """Whether this process made the name. Only then are the events after it known."""
        return name.startswith(f"{self._process_id}-")

    @property
    def subscribers(self) -> int:
        return len(self._subscriptions)

    def close(self) -> None:
        """Ends all subscriptions."""
        self.closed = True
        for subscription in self._subscriptions:
            subscription.wake()

    def _number(self, name: str) -> int:
        number = name.removeprefix(f"{self._process_id}-")
        return int(number) if self.knows(name) and number.isascii() and number.isdigit() else 0


class Subscription:
    """A subscription. `missed`: number of events that the queue dropped before the last call of `next`."""

    def __init__(
        self,
        all_: set["Subscription"],
        wanted: Callable[[LiveEvent], bool],
        waiting: int,
    ) -> None:
        self._all = all_
        self._wanted = wanted
        self._queue: deque[LiveEvent] = deque(maxlen=waiting)
        self._ready = asyncio.Event()
        self._dropped = 0
        self.missed = 0

    async def __aenter__(self) -> Self:
        self._all.add(self)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._all.discard(self)

    def offer(self, event: LiveEvent) -> None:
        if not self._wanted(event):
            return
        if len(self._queue) == self._queue.maxlen:
            self._dropped += 1
        self._queue.append(event)
        self._ready.set()

    def wake(self) -> None:
        self._ready.set()

    async def next(self, seconds: float | None = None) -> list[LiveEvent]:
        """Waits for an event, and returns all queued events. Empty if none comes within `seconds`."""
        if not self._queue:
            self._ready.clear()
            try:
                async with asyncio.timeout(seconds):
                    await self._ready.wait()
            except TimeoutError:
                return []
        events = list(self._queue)
        self._queue.clear()
        self.missed, self._dropped = self._dropped, 0
        return events
