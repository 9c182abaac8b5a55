"""A year of visitors: memory and changelogs hold only the last thirty days."""

import json
import random
from collections.abc import Iterator, Sized
from typing import Any

import pytest

from stream import recipes_file
from stream.durations import DAY, HOUR, MINUTE
from stream.outputs.outputs import Outputs
from stream.stages.people import People
from stream.stages.visitors import Visitors
from stream.stages.watermark import watermark_record
from stream.state import facts
from stream.state.visitor import FORGET_AFTER

START = 1_767_571_200_000
DAYS = 365
PER_DAY = 25
"""New visitors per day. Four hundred take a minute and give the same shares."""

SETTLED = 45
"""Days after which as many visitors are forgotten as arrive."""


class Year:
    """Both stages with their compacted changelogs. `seen`: last event by visitor, `told`:
    last fact by person, both computed independently of the stages."""

    def __init__(self, seed: int, per_day: int) -> None:
        self.pick = random.Random(f"year {seed}")
        self.per_day = per_day
        self.visitors, self.people = Visitors(recipes_file.DEFAULT), People(recipes_file.DEFAULT, 1)
        self.logs: tuple[dict[bytes, bytes], dict[bytes, bytes]] = ({}, {})
        self.coming: dict[int, list[tuple[int, str]]] = {}
        self.seen: dict[str, int] = {}
        self.told: dict[str, int] = {}
        self.offset = self.facts = self.count = self.longest = 0

    def day(self, number: int) -> None:
        """Processes one day: its visits in order, then the watermark, the facts, a checkpoint and its commit."""
        begins = START + number * DAY
        for _ in range(self.per_day):
            self._plan(begins + self.pick.randrange(DAY - HOUR), f"v{self.count}")
            self.count += 1
        records = []
        for t, visitor in sorted(self.coming.pop(number)):
            for later, body in self._visit(visitor):
                event = {"id": f"e{self.offset}", "visitor": visitor, **body}
                records.append((t + later, visitor.encode(), json.dumps(event).encode()))
        out = Outputs()
        for t, key, value in sorted(records):
            self.visitors.process([(self.offset, t, key, value)], out)
            self.offset += 1
            self.seen[key.decode()] = t
        self.end = begins + DAY
        self.visitors.advance(self.end, out)
        self._tell([value for _, value in out.facts])
        self._flush()

    def _plan(self, t: int, visitor: str) -> None:
        """Plans a visit, and in a third of cases a later one: within the month or long after."""
        while True:
            self.coming.setdefault((t - START) // DAY, []).append((t, visitor))
            if self.pick.random() > 1 / 3:
                return
            days = self.pick.choice((1, 3, 12, 29, 30, 31, 90, 200))
            t += days * DAY
            t = min(t, START + ((t - START) // DAY + 1) * DAY - HOUR)

    def _visit(self, visitor: str) -> Iterator[tuple[int, dict[str, Any]]]:
        who = {"customer": f"c{visitor}"} if visitor.endswith("7") else {}
        yield 0, {"type": "product.viewed", "product": {"id": self._product()}, **who}
        if self.pick.random() < 0.5:
            item = {"product_id": self._product(), "quantity": 1, "price": 20}
            yield 2 * MINUTE, {"type": "cart.item_added", "item": item, **who}
            if self.pick.random() < 0.4:
                yield 9 * MINUTE, {"type": "order.placed", "order": {"id": f"o{self.offset}"}}
        if self.pick.random() < 0.2:
            yield 12 * MINUTE, {"type": "exit.signal", "signal": "close_shortcut"}

    def _product(self) -> str:
        return f"p{self.pick.randrange(1000)}"

    def _tell(self, values: list[bytes]) -> None:
        for fact in map(facts.decode, values):
            assert not isinstance(fact, facts.WatermarkRecord)
            known = self.told.get(fact.person, -FORGET_AFTER) + FORGET_AFTER > fact.at
            if known or not isinstance(fact, facts.Moved):
                self.told[fact.person] = fact.at
        values.append(watermark_record({0: self.end}, 1))
        self.people.add(enumerate(values, self.facts))
        self.facts += len(values)
        self.people.advance(Outputs())

    def _flush(self) -> None:
        stages: tuple[Any, ...] = (self.visitors, self.people)
        for stage, log in zip(stages, self.logs, strict=True):
            changes = stage.changes()
            for key, value in changes:
                log.pop(key, None)
                if value is not None:
                    log[key] = value
            self.longest = max(self.longest, len(changes))
        self.visitors.committed(self.visitors.position)
        self.people.committed(self.people.committable)

    def of_a_month(self) -> tuple[int, int]:
        """The numbers of visitors and people with an event or fact in the last 30 days."""
        since = self.end - FORGET_AFTER
        visitors, people = (
            sum(at > since for at in each.values()) for each in (self.seen, self.told)
        )
        return visitors, people

    def held(self) -> int:
        """The number of entries by key in both stages: states, tombstones, timers, decoded copies."""
        return sum(
            len(kept)
            for stage in (self.visitors, self.people)
            for kept in (*vars(stage._states).values(), stage._states._wheel)
            if isinstance(kept, Sized) and not isinstance(kept, tuple)
        ) + len(self.people._open)


@pytest.fixture(scope="module")
def year() -> list[tuple[Year, tuple[int, ...]]]:
    """(the year at its end, figures) of each day: held, bytes, records of both changelogs, their bytes."""
    it, found = Year(1, PER_DAY), []
    for number in range(DAYS):
        it.day(number)
        month = it.of_a_month()
        assert (it.visitors.keys, it.people.keys) == month, f"day {number}"
        records = [len(log) for log in it.logs]
        size = sum(len(key) + len(value) for log in it.logs for key, value in log.items())
        found.append((it, (it.held(), it.visitors.size + it.people.size, *records, size)))
    return found


def test_after_a_year_only_visitors_of_the_last_thirty_days_are_stored(
    year: list[tuple[Year, tuple[int, ...]]],
) -> None:
    """The fixture checks each day; here: few of all visitors remain."""
    it = year[-1][0]
    assert it.visitors.keys < len(it.seen) / 6
    assert it.people.keys < len(it.told) / 6


def test_nothing_that_is_held_or_written_grows_from_month_to_month(
    year: list[tuple[Year, tuple[int, ...]]],
) -> None:
    figures = [figure for _, figure in year]
    for number, name in enumerate(("held", "bytes", "visitors'", "people's", "changelogs' bytes")):
        early = max(figure[number] for figure in figures[SETTLED : SETTLED + 60])
        late = max(figure[number] for figure in figures[-60:])
        assert late < 1.35 * early, f"{name}: {early}, then {late}"


def test_compacted_changelogs_have_no_more_than_what_is_held_and_what_one_flush_buries(
    year: list[tuple[Year, tuple[int, ...]]],
) -> None:
    it = year[-1][0]
    stages: tuple[Any, ...] = (it.visitors, it.people)
    for stage, log in zip(stages, it.logs, strict=True):
        graves = sum(len(value) == 25 for value in log.values()) - 1
        assert len(log) == stage.keys + 1 + graves
        assert graves < 3 * PER_DAY
    assert it.longest < 12 * PER_DAY
