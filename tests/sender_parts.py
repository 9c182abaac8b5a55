"""Parts of a sender for unit tests: a clock that the test sets, an endpoint with prepared answers."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import msgspec
from aiokafka.structs import TopicPartition

from agents.sender.cancellations import CancellationIndex
from agents.sender.clock import Clock
from agents.sender.dead_letters import Undelivered
from agents.sender.delivery import Attempt, TriggerDelivery
from agents.sender.idempotency import IdempotencyStore
from agents.sender.idempotency_sqlite import SqliteIdempotency
from agents.sender.message import read
from agents.sender.metrics import Metrics
from agents.sender.responses import Backoff, Response
from stream.durations import HOUR, MINUTE
from stream.outputs.triggers import CANCELLED, FIRED
from tests.fake_broker import SETTINGS

AT = 4_000_000_000_000
"""Ms, far ahead of this machine's clock: records and leases use the time of the test."""

PLACE = TopicPartition("triggers.cart-abandonment", 0)
DELIVERED = Response("delivered", "200")
REFUSED = Response("refused", "400")
FAILED = Response("failed", "503")


def id_of(number: int) -> str:
    return f"{number:032x}"


def fired(number: int = 1, at: int = AT, until: int = AT + HOUR) -> bytes:
    data = {"trigger_id": id_of(number), "not_before": at, "valid_until": until}
    return msgspec.json.encode({"type": FIRED, "data": data})


def cancelled(number: int = 1, at: int = AT) -> bytes:
    data = {"trigger_id": id_of(number), "at": at}
    return msgspec.json.encode({"type": CANCELLED, "data": data})


def record(
    value: bytes | None, offset: int = 0, key: bytes | None = b"customer:anna", t: int = AT
) -> Any:
    return SimpleNamespace(value=value, key=key, offset=offset, timestamp=t)


def attempt(value: bytes | None, **more: Any) -> Attempt:
    of = record(value, **more)
    return Attempt(PLACE, of, read(value))


class SetClock(Clock):
    """A clock that only a test or a pause advances."""

    def __init__(self, now: int = AT) -> None:
        super().__init__()
        self.ms = now

    def now(self) -> int:
        return max(self._newest, self.ms)


class Endpoint:
    """Returns its answers in order, then repeats the last one."""

    def __init__(self, *answers: Response) -> None:
        self.answers = list(answers) or [DELIVERED]
        self.posted: list[str] = []
        self.closed = 0.0
        self.at_once = self.most = 0
        self.slow = False

    async def post(self, message: Any) -> Response:
        self.posted.append(message.id)
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        if self.slow:
            await asyncio.sleep(0.01)
        self.at_once -= 1
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class DeadLetterProducer:
    """`fails`: errors, each raised once before records are accepted."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, bytes | None, bytes | None, dict[str, str]]] = []
        self.fails: list[Exception] = []
        self.stopped = False

    async def send_and_wait(self, topic: str, value: Any, key: Any, headers: Any) -> None:
        if self.fails:
            raise self.fails.pop(0)
        self.sent.append((topic, value, key, {name: text.decode() for name, text in headers}))

    async def stop(self) -> None:
        self.stopped = True


class Ahead(CancellationIndex):
    """A reader that has caught up. `pauses`: the seconds of each pause, which advances the clock at once."""

    def __init__(self, clock: SetClock) -> None:
        super().__init__(SETTINGS, clock)
        self.known: set[str] = set()
        self.pauses: list[float] = []
        self.up = True
        self.moved = clock

    async def seen(self, place: TopicPartition) -> None:
        self.up = True

    def caught_up(self, place: TopicPartition) -> bool:
        return self.up

    def cancelled(self, place: TopicPartition, trigger_id: str) -> bool:
        return trigger_id in self.known

    async def pause(self, place: TopicPartition, trigger_id: str, seconds: float) -> None:
        self.pauses.append(seconds)
        self.moved.ms += max(int(seconds * 1000), 1)


class Erased:
    """Reports nobody as erased. `settled`: the keys of settled records."""

    def __init__(self) -> None:
        self.keys: list[bytes | None] = []

    async def settled(self, key: bytes | None, message: Any) -> None:
        self.keys.append(key)


class Parts:
    """A delivery and its parts."""

    def __init__(self, store: IdempotencyStore, *answers: Response, requests: int = 16) -> None:
        self.clock = SetClock()
        self.ahead, self.endpoint = Ahead(self.clock), Endpoint(*answers)
        self.store, self.metrics = store, Metrics()
        self.letters, self.erased = DeadLetterProducer(), Erased()
        undelivered = Undelivered(SETTINGS)
        undelivered._producer = self.letters
        settings = SimpleNamespace(
            give_up_ms=10 * MINUTE, backoff_ms=Backoff(1000, 1000), common=SETTINGS
        )
        self.delivery = TriggerDelivery(
            cast(Any, settings),
            self.clock,
            self.ahead,
            cast(Any, self.endpoint),
            store,
            undelivered,
            self.metrics,
            asyncio.Semaphore(requests),
            cast(Any, self.erased),
        )


def played(folder: Path) -> Callable[..., None]:
    """Runs a test with parts: an endpoint with these answers, and a store in the folder."""

    def run(test: Callable[[Parts], Awaitable[None]], *answers: Response, **more: Any) -> None:
        async def whole() -> None:
            store = SqliteIdempotency(folder / "sent.sqlite3", "g", "me", 60_000)
            await store.open()
            try:
                await test(Parts(store, *answers, **more))
            finally:
                await store.close()

        asyncio.run(whole())

    return run
