"""The compiled part of the visitors stage equals its Python: same outputs, same bytes of state."""

import contextlib
import random
import struct
from collections.abc import Iterator
from typing import Any

import pytest
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from hypothesis import given, settings
from hypothesis import strategies as st

from stream import backtest, recipes_file
from stream.events.records import Block
from stream.events.words import BOUND
from stream.kinds.exit_score import SORTS
from stream.outputs.outputs import Outputs
from stream.stages.backend import COMPILED, PURE, VisitorBackend
from stream.stages.visitors import Visitors
from tests import effort
from tests.properties import oddities

needed = pytest.mark.skipif(COMPILED is None, reason="not built: there was no C compiler")
SEEDS = st.integers(0, 1_000_000)
RULES = recipes_file.load("{}")
POPUPS = recipes_file.load(
    """recipes:
  - {name: exit-intent}
  - {name: welcome-popup, after: 3s, when: {}, cooldown: 0}
  - {name: later, kind: welcome-popup, looks: 4, priority: 5}"""
)

T = 1_772_452_800_000
Found = tuple[object, ...]
Line = tuple[int, int, bytes | None, bytes]


def records(seed: int, size: int) -> list[Line]:
    """A log as records of a partition, some under another record's key."""
    found: list[Line] = []
    for offset, line in enumerate(oddities.log(seed, size)):
        said = backtest.envelope(line)
        time = found[-1][1] if found and (said is None or not 0 <= said.t <= BOUND) else T
        key = (b"nobody", None)[offset // 97 % 2] if offset % 97 == 96 else backtest.key(line)
        found.append((offset, time if said is None else said.t, key, line))
    return found


def told(stage: Visitors, out: Outputs) -> Found:
    given = (out.facts, out.claims, out.triggers, out.decisions, out.rejected, out.reported)
    parts = (*given, dict(out.counts), out.moments)
    return (stage.changes(), *parts, stage.position, stage.clock, stage.next_deadline)


def block(records: list[Line], apart: bool) -> Block:
    """The records of a batch; `apart`: each with its own timestamp."""
    base = records[0][0]
    builder = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, 0, 1 << 24)
    for offset, time, key, value in records:
        builder.append(offset - base, time, key, value, [("h", b"x")])
    head = struct.unpack_from(">qiibIhiqqqhii", data := bytes(builder.build()))
    return base, head[7], None if apart else records[-1][1], len(records), memoryview(data)[61:]


def steps(
    makes: Iterator[VisitorBackend], log: list[Line], seed: int, blocks: bool = False
) -> list[Found]:
    """The outputs of a stage by batch; between batches it may be restored from its changelog."""
    chance, changelog, found = random.Random(seed), list[Any](), list[Any]()
    rules = (RULES, POPUPS)[seed % 2]
    stage = Visitors(rules, next(makes))
    rest = list(log)
    while rest:
        size = chance.randrange(1, 60)
        batch, rest = rest[:size], rest[size:]
        out = Outputs()
        stage.process([block(batch, apart=True)] if blocks else batch, out)
        found.append(told(stage, out))
        changelog += found[-1][0]
        if chance.random() < 0.4:
            stage = Visitors(rules, next(makes))
            stage.restore(changelog)
            stage.restored()
    out = Outputs()
    stage.advance(stage.clock + 40 * 86_400_000, out)
    return [*found, told(stage, out)]


def always(make: VisitorBackend) -> Iterator[VisitorBackend]:
    while True:
        yield make


def by_turns(seed: int) -> Iterator[VisitorBackend]:
    assert COMPILED is not None
    chance = random.Random(seed)
    while True:
        yield chance.choice((COMPILED, PURE))


@needed
@settings(max_examples=effort.of(150), deadline=None)
@given(SEEDS, st.sampled_from((60, 250, 600)))
def test_it_gives_the_same_outputs_and_writes_the_same_states(seed: int, size: int) -> None:
    assert COMPILED is not None
    log = records(seed, size)
    pure = steps(always(PURE), log, seed)
    assert steps(always(COMPILED), log, seed) == pure
    assert steps(by_turns(seed), log, seed) == pure
    assert steps(always(COMPILED), log, seed, blocks=True) == pure


STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            (
                *(b'"type":"exit.signal","signal":"%b"' % name.encode() for name in SORTS),
                b'"type":"exit.signal","signal":"tab_hidden","held_ms":4999.5',
                b'"type":"exit.signal","signal":"pointer_top","held_ms":500,"form_focus":false',
                b'"type":"exit.signal","signal":"back","form_focus":true',
                b'"type":"product.viewed","product":{"id":"p"}',
                b'"type":"product.viewed","product":{"id":"q"}',
                b'"type":"cart.item_added","item":{"product_id":"p","quantity":1}',
                b'"type":"order.placed","order":{"id":"o"}',
                b'"type":"activity.pinged"',
            )
        ),
        st.sampled_from((0, 1, 400, 2_900, 3_000, 5_000, 8_000, 9_999, 15_000, 1_800_000)),
    ),
    max_size=40,
)


@needed
@settings(max_examples=effort.of(400), deadline=None)
@given(STEPS)
def test_signals_of_leaving_add_up_to_the_same_triggers(given: list[tuple[bytes, int]]) -> None:
    assert COMPILED is not None
    log: list[Line] = [(0, T, b"v", b'{"id":"v","visitor":"v","type":"page.viewed"}')]
    for number, (body, gap) in enumerate(given, 1):
        event = b'{"id":"%d","visitor":"v",%b}' % (number, body)
        log.append((number, log[-1][1] + gap, b"v", event))
    theirs, mine = (Visitors(RULES, make) for make in (PURE, COMPILED))
    for part in (log[:20], log[20:]):
        outs = Outputs(), Outputs()
        theirs.process(part, outs[0])
        mine.process([block(part, apart=True)] if part else [], outs[1])
        assert told(mine, outs[1]) == told(theirs, outs[0])


def backtested(lines: list[bytes], make: VisitorBackend) -> list[object]:
    """The decisions by chunk, up to the line that goes back in time."""
    found: list[object] = []
    try:
        for out in backtest.run(lines, RULES, make):
            found.append((out.triggers, out.decisions, out.rejected, dict(out.counts), out.moments))
    except backtest.OutOfOrder as fault:
        found.append((fault.line, str(fault)))
    return found


@needed
@settings(max_examples=effort.of(60), deadline=None)
@given(SEEDS, st.booleans())
def test_a_backtest_of_lines_decides_the_same(seed: int, disorder: bool) -> None:
    assert COMPILED is not None
    lines = oddities.log(seed, 400)
    if disorder:
        place = random.Random(seed).randrange(1, len(lines))
        lines[place - 1], lines[place] = lines[place], lines[place - 1]
    assert backtested(lines, COMPILED) == backtested(lines, PURE)


TAKEN = (
    b'"type":"page.viewed"',
    b'"type":"page.viewed","page":{"kind":"payment"}',
    b'"type":"category.viewed","category":"c"',
    b'"type":"product.viewed","product":{"id":"p"}',
    b'"type":"search.performed","query":"q"',
    b'"type":"activity.pinged","t":"of a record nobody reads it"',
    b'"type":"exit.signal","signal":"tab_hidden","held_ms":5000',
    b'"type":"exit.signal","signal":"close_shortcut","form_focus":true',
    b'"type":"cart.item_added","item":{"product_id":"p","quantity":1}',
    b'"type":"cart.item_removed","item":{"product_id":"p"}',
    b'"type":"cart.updated","cart":{"id":"k","items":[{"product_id":"p","price":2}]}',
    b'"type":"checkout.started"',
    b'"type":"checkout.advanced","stage":"payment"',
    b'"type":"order.placed","order":{"id":"o"}',
)
LEFT = (
    b'"type":"exit.signal","signal":"close_shortcut"',
    b'"type":"payment.failed"',
    b'"type":"order.placed","order":{"id":7}',
    b'"type":"cart.item_added","item":{"product_id":"p","quantity":"x"}',
    b'"type":"cart.updated","cart":{"id":"null","items":[]}',
    b'"type":"page.viewed","client_time":1',
    b'"type":"page.viewed","keys":{}',
    b'"type":"page.viewed","customer":"c"',
    b'"type":"page.viewed","customer":null',
    b'"type":"page.viewed","~":null',
    b'"type":"page.viewed"}',
)


@needed
@pytest.mark.parametrize("blocks", [False, True])
def test_the_compiled_part_applies_the_frequent_events_by_itself(blocks: bool) -> None:
    """A comparison in which Python took every event would prove nothing."""
    assert COMPILED is not None
    log: list[Line] = [
        (n, T, b"v", b'{"id":"e%d","visitor":"v",%b}' % (n, body))
        for n, body in enumerate(TAKEN + LEFT)
    ]
    names = b"null", b"event:null", b"a/null", b"{{id}}", "ü".encode()
    for name in (*names, b"e1"):
        log.append((len(log), T, b"v", b'{"id":"%b","visitor":"v","type":"page.viewed"}' % name))
    assert left(log, blocks) == [*range(len(TAKEN), len(log))]
    again = b'{"id":"e1","visitor":"v","type":"activity.pinged"}'
    assert left([*log[:2], (2, T, b"v", again)], blocks) == [], (
        "of another type it is another event"
    )


def left(log: list[Line], blocks: bool) -> list[int]:
    """The offsets of the records left to Python."""
    stage, found = Visitors(RULES, COMPILED), list[int]()
    take = stage._take
    stage._take = lambda *record: (found.append(record[3]), take(*record))[1]  # type: ignore[method-assign, func-returns-value]
    stage.process([block(log, apart=False)] if blocks else log, Outputs())
    return found


@needed
def test_the_compiled_part_applies_most_of_an_odd_log() -> None:
    taken = applied = 0
    for seed in range(20):
        log = records(seed, 300)
        stage, out = Visitors(RULES, COMPILED), Outputs()
        stage.process([block(log, apart=True)], out)
        applied += out.counts["events", "applied"]
        taken += out.counts["events", "applied"] - len(
            [n for n in left(log, True) if n not in {each for each, *_ in out.rejected}]
        )
    assert taken > 0.3 * applied


@needed
@settings(max_examples=effort.of(300), deadline=None)
@given(st.binary(max_size=60), st.integers(1, 3))
def test_bytes_that_are_not_a_batch_are_an_error(payload: bytes, count: int) -> None:
    """Malformed batches never cause a read beyond their end."""
    stage, whole = Visitors(RULES, COMPILED), block([(0, 1, b"v", b"{}")], apart=False)
    for broken in (payload, bytes(whole[4])[:-1], bytes(whole[4]) + payload):
        with contextlib.suppress(ValueError):
            stage.process([(0, 0, None, count + 1, broken)], Outputs())
