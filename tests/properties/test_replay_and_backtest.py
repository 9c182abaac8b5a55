"""A file loaded for replay, in any number of partitions, gives what its backtest gives."""

from collections import defaultdict
from collections.abc import Iterable

import msgspec
import pytest

from agents.kafka.partitioner import partition_of
from agents.replay.records import records
from agents.simulator import traffic as shoppers
from stream import backtest, recipes_file
from stream.events.records import Record
from stream.outputs.outputs import Outputs
from stream.stages.keys import Keys
from stream.stages.people import People
from stream.stages.visitors import Visitors
from stream.stages.watermark import KEYS, watermark_record

START = 1_767_571_200_000
HALF_A_DAY = 43_200_000


def lines() -> list[bytes]:
    """Half a day's traffic with its faults; one line in a hundred has no time."""
    traffic = shoppers.day(11, 150, START, HALF_A_DAY)
    given = [
        record if isinstance(record, bytes) else msgspec.json.encode({"t": t, **record})
        for t, record in traffic
    ]
    return [line if number % 100 else b"{" for number, line in enumerate(given)]


def replayed(given: Iterable[bytes], inputs: int, people: int) -> tuple[set[bytes], set[bytes]]:
    """The outputs of workers with one stage per partition: visitors, keys, people."""
    logs: defaultdict[int, list[Record]] = defaultdict(list)
    for record in records(given, inputs):
        log = logs[record.partition]
        log.append((len(log), record.time, record.key, record.value))
    out = Outputs()
    evidence: dict[int, int] = {}
    for partition, log in logs.items():
        stage = Visitors(recipes_file.DEFAULT)
        stage.process(log, out)
        evidence[partition] = stage.clock
    mark = watermark_record(evidence, inputs)
    keys = Keys(inputs)
    keys.add(enumerate([*(value for _, value in out.claims), mark]))
    keys.advance(out)
    marks = [mark, watermark_record({0: keys.clock}, 1, KEYS)]
    facts: list[list[bytes]] = [[] for _ in range(people)]
    for person, value in out.facts:
        facts[partition_of(person.encode(), people)].append(value)
    for values in facts:
        second = People(recipes_file.DEFAULT, inputs, 1)
        second.add(enumerate(values + marks))
        second.advance(out)
    return {value for _, _, value in out.triggers}, {value for _, value in out.decisions}


@pytest.fixture(scope="module")
def expected() -> tuple[set[bytes], set[bytes]]:
    triggers, decisions = backtest.decide(lines(), recipes_file.DEFAULT)
    assert triggers
    return set(triggers), set(decisions)


@pytest.mark.parametrize(("inputs", "people"), [(1, 1), (2, 3), (4, 4), (7, 2)])
def test_workers_decide_what_the_backtest_decides(
    expected: tuple[set[bytes], set[bytes]], inputs: int, people: int
) -> None:
    assert replayed(lines(), inputs, people) == expected
