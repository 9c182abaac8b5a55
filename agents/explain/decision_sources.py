"""The sources of `explain`: the topics on Kafka, or the files of a backtest.

Both return records as plain objects, and events as `agents/explain/event_records.py` reads them.
"""

import json
import time
from collections.abc import AsyncIterator, Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Final, Protocol, Self

from aiokafka import TopicPartition

from agents.config.settings import Settings
from agents.explain import by_key, own_records, pending_steps
from agents.explain.by_key import BY_KEY, named_by, of_fact
from agents.explain.event_records import Record, read
from agents.kafka import to_the_end
from agents.kafka.partitioner import partition_counts, partition_of
from agents.kafka.topics import EVENTS, FACTS, STATE_PEOPLE
from agents.replay.event_file import lines
from agents.worker.producer import AUDIENCES, DECISIONS, OUTCOMES
from stream import backtest
from stream.backtest import OutOfOrder
from stream.recipes.history import History
from stream.stages.core import Core
from stream.state import facts
from stream.state.facts import AnyFact, WatermarkRecord
from stream.state.person import Person

TRIGGERS: Final = "triggers."
LATER: Final = ("shadow", "audiences")
"""Files that backtests of older releases did not write."""


class DecisionSource(Protocol):
    """A source. `people` None: all persons · `since` (ms): older events may be left out."""

    async def decisions(self, people: Collection[str] | None) -> list[Record]: ...

    async def triggers(self, people: Collection[str]) -> list[Record]: ...

    async def events(self, visitors: Collection[str], since: int) -> list[Record]: ...

    async def seen(self, people: Collection[str]) -> list[tuple[str, int]]:
        """(visitor, time in ms) of each record that shows a visitor as one of these persons."""
        ...

    async def forwarded(self, people: Collection[str], keys: Collection[str]) -> list[Record]:
        """Orders, cancelled orders and consents of others that a key of identity forwarded to these persons, as events
        of the visitor `~~<key>`."""
        ...

    async def changes(self, people: Collection[str], audiences: Collection[str]) -> list[Record]:
        """The changes of these persons in these audiences. A compacted topic may hold only the last of each."""
        ...

    async def state(self, person: str) -> Person | None:
        """The state of a person now; None: there is none, or the source has no states."""
        ...

    def now(self) -> int | None:
        """The current time (ms); None for a backtest, which has ended."""
        ...


def _moments(decisions: Iterable[Record]) -> list[tuple[str, int]]:
    return [(each["visitor"], each["at"]) for each in decisions if each["visitor"]]


def _lines_of(events: Path) -> Iterator[bytes]:
    with events.open("rb") as raw:
        yield from lines(events, raw)


class Files:
    """The files of a backtest: DIR/triggers.jsonl and DIR/decisions.jsonl, and its events and recipes if given.

    Raises OSError, ValueError.
    """

    def __init__(self, folder: Path, events: Path | None, history: History | None = None) -> None:
        self.folder, self._events, self._history = folder, events, history
        self._core: Core | None = None
        found = map(read, _lines_of(events) if events else ())
        self.all_events = [event for event in found if event]

    async def decisions(self, people: Collection[str] | None) -> list[Record]:
        return [
            each for each in self._lines("decisions") if people is None or each["person"] in people
        ]

    async def triggers(self, people: Collection[str]) -> list[Record]:
        """The triggers and cancels of these persons, with those of shadows, which their decisions mark."""
        every = [*self._lines("triggers"), *self._lines("shadow")]
        return [each for each in every if each["subject"] in people]

    async def events(self, visitors: Collection[str], since: int) -> list[Record]:
        return [each for each in self.all_events if each["visitor"] in visitors]

    async def seen(self, people: Collection[str]) -> list[tuple[str, int]]:
        found = _moments(await self.decisions(people))
        for event in self.all_events:
            if any(person in people for person in named_by(event)):
                found.append((event["visitor"], event["t"]))
        return found

    async def forwarded(self, people: Collection[str], keys: Collection[str]) -> list[Record]:
        """The forwarded events of that backtest. Its visitors and keys stages run again to find them."""
        forwarded = by_key.forwarded(_lines_of(self._events)) if self._events else ()
        with self._in_order():
            return [event for fact in forwarded if fact.person in people for event in of_fact(fact)]

    async def changes(self, people: Collection[str], audiences: Collection[str]) -> list[Record]:
        found = [each["data"] | {"type": each["type"]} for each in self._lines("audiences")]
        return [each for each in found if each["person"] in people]

    async def state(self, person: str) -> Person | None:
        """The person's state at the end of that backtest, whose stages run again to find it."""
        if self._events is None or self._history is None:
            return None
        if self._core is None:
            with self._in_order():
                self._core = backtest.finished(_lines_of(self._events), self._history)
        return self._core.people.state(person)

    @contextmanager
    def _in_order(self) -> Iterator[None]:
        try:
            yield
        except OutOfOrder as fault:
            raise ValueError(f"{self._events}:{fault.line}: {fault}") from None

    def now(self) -> int | None:
        return None

    def _lines(self, name: str) -> Iterator[Record]:
        file = self.folder / f"{name}.jsonl"
        if name in LATER and not file.exists():
            return
        with file.open("rb") as lines_of_file:
            yield from map(json.loads, lines_of_file)


class Kafka:
    """The service's topics. An async context manager. Raises aiokafka's KafkaError."""

    def __init__(self, settings: Settings) -> None:
        self.settings, self._reader = settings, to_the_end.reader(settings, "triggers-explain")

    async def __aenter__(self) -> Self:
        self.consumer = await self._reader.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        await self._reader.__aexit__(kind, fault, at)

    async def decisions(self, people: Collection[str] | None) -> list[Record]:
        values = [value for _, value in await self._read(DECISIONS, people)]
        return [found for value in values if (found := own_records.decision(value))]

    async def triggers(self, people: Collection[str], since: int = 0) -> list[Record]:
        """The triggers and cancels of these persons, appended at `since` (ms) or later."""
        start = self.settings.topic(TRIGGERS)
        found = []
        for topic in sorted(await partition_counts(self.consumer)):
            name = topic.removeprefix(self.settings.prefix)
            if topic.startswith(start) and name not in (DECISIONS, OUTCOMES):
                read = await self._read(name, people, since)
                found += [each for _, value in read if (each := own_records.trigger(value))]
        return found

    async def events(self, visitors: Collection[str], since: int) -> list[Record]:
        rows = await self._records(EVENTS, visitors, since)
        return [event for key, t, value in rows if (event := read(value or b"", t, key))]

    async def seen(self, people: Collection[str]) -> list[tuple[str, int]]:
        found = await self._facts(people)
        visits = [(each.visitor, each.at) for each in found if not each.visitor.startswith(BY_KEY)]
        return visits + _moments(await self.decisions(people))

    async def forwarded(self, people: Collection[str], keys: Collection[str]) -> list[Record]:
        by_key = [each for each in await self._facts(people) if each.visitor.startswith(BY_KEY)]
        return [event for fact in by_key for event in of_fact(fact)]

    def now(self) -> int | None:
        return time.time_ns() // 1_000_000 if self.settings.time == "append" else None

    async def _facts(self, people: Collection[str]) -> list[AnyFact]:
        found = [facts.decode(value) for _, value in await self._read(FACTS, people)]
        return [fact for fact in found if not isinstance(fact, WatermarkRecord)]

    async def changes(self, people: Collection[str], audiences: Collection[str]) -> list[Record]:
        keys = [f"{audience}|{person}" for audience in audiences for person in people]
        rows = await self._read(AUDIENCES, keys) if keys else []
        events = [found for _, value in rows if (found := own_records.change(value))]
        return [each["data"] | {"type": each["type"]} for each in events]

    async def state(self, person: str) -> Person | None:
        """The person's state in the changelog. Raises stream.store.changelog.UnreadableState."""
        return pending_steps.state_of(person, await self.values(STATE_PEOPLE, person))

    async def values(self, name: str, key: str) -> list[bytes | None]:
        """The values of one key of a topic (without the prefix), with tombstones."""
        return [value for _, _, value in await self._records(name, (key,))]

    async def all_of(self, name: str) -> list[bytes]:
        """All values of a topic (without the prefix), without tombstones."""
        return [value for _, value in await self._read(name, None)]

    async def each_of(self, name: str, since: int) -> AsyncIterator[bytes]:
        """The values of a topic (without the prefix) from a time (ms) on, one by one, without tombstones."""
        async for _, _, value in self._each(name, None, since):
            if value is not None:
                yield value

    async def _read(
        self, name: str, keys: Collection[str] | None, since: int = 0
    ) -> list[tuple[int, bytes]]:
        """(time, value) of the records of these keys, without tombstones."""
        records = await self._records(name, keys, since)
        return [(t, value) for _, t, value in records if value is not None]

    async def _records(
        self, name: str, keys: Collection[str] | None, since: int = 0
    ) -> list[tuple[bytes | None, int, bytes | None]]:
        return [record async for record in self._each(name, keys, since)]

    async def _each(
        self, name: str, keys: Collection[str] | None, since: int
    ) -> AsyncIterator[tuple[bytes | None, int, bytes | None]]:
        """Yields (key, time, value) of the records of these keys, up to the current ends of their partitions."""
        topic = self.settings.topic(name)
        count = (await partition_counts(self.consumer)).get(topic, 0)
        wanted = None if keys is None else {key.encode() for key in keys}
        if not count:
            return
        numbers = range(count) if wanted is None else {partition_of(key, count) for key in wanted}
        places = [TopicPartition(topic, number) for number in numbers]
        async for records in to_the_end.fetched(self.consumer, places, since):
            for record in records:
                if wanted is None or record.key in wanted:
                    yield record.key, record.timestamp, record.value
