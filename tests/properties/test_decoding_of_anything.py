"""Any bytes decode to an event or a listed reason, always the same."""

import json
import os
import random
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

import schemas
from stream import recipes_file
from stream.events import decoding
from stream.outputs.outputs import Outputs
from stream.stages.record_outcomes import OUTCOMES
from stream.stages.visitors import Visitors
from tests import effort
from tests.reference import generate

REASONS = frozenset(schemas.load("rejected")["properties"]["reason"]["enum"])
PATH = re.compile(r"\$([.\[].*)?", re.DOTALL)
HOME = Path(__file__).parents[2]
T = 1_767_571_200_000

numbers = st.integers() | st.floats() | st.sampled_from([10**15, 10**25, -0.0, 1e300])
scalars = st.none() | st.booleans() | numbers | st.text(max_size=20) | st.just("x" * 129)
anything = st.recursive(
    scalars,
    lambda parts: st.lists(parts, max_size=4) | st.dictionaries(st.text(max_size=8), parts),
    max_leaves=12,
)
"""Any JSON value, and NaN and the infinities, which JSON does not allow."""


def seeded(seed: int, count: int) -> list[bytes]:
    """Events of the generated worlds, of all types, some invalid."""
    pick = random.Random(seed)
    lines: list[bytes] = []
    while len(lines) < count:
        lines += generate.log(pick.randrange(10**6), 120)
    return pick.sample(lines, count)


CORPUS = seeded(1, 400)


@st.composite
def replaced(draw: st.DrawFn) -> bytes:
    """An event with the value at a random path replaced by anything."""
    document: Any = {}
    while not isinstance(document, dict) or not document:
        try:
            document = json.loads(draw(st.sampled_from(CORPUS)))
        except ValueError:
            continue
    node: Any = document
    while True:
        place = draw(st.sampled_from(sorted(node) if isinstance(node, dict) else range(len(node))))
        if not isinstance(node[place], dict | list) or not node[place] or draw(st.booleans()):
            break
        node = node[place]
    node[place] = draw(anything)
    return json.dumps(document, ensure_ascii=draw(st.booleans())).encode(errors="surrogatepass")


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """The bytes of an event with some removed, doubled, flipped or copied from another."""
    value = bytearray(draw(st.sampled_from(CORPUS)))
    for _ in range(draw(st.integers(1, 5))):
        first = draw(st.integers(0, len(value)))
        last = min(len(value), first + draw(st.integers(0, 12)))
        piece = bytes(value[first:last])
        other = draw(st.sampled_from(CORPUS))[first:last]
        flipped = bytes(byte ^ 1 << draw(st.integers(0, 7)) for byte in piece)
        value[first:last] = draw(st.sampled_from([b"", piece * 2, other, flipped]))
    return bytes(value)


whatever = st.binary(max_size=300) | anything.map(repr).map(str.encode) | damaged() | replaced()


def said(value: bytes | None) -> tuple[str, str] | bytes:
    """(reason, path), or the encoded event. Raises any exception of decoding other than Rejected."""
    try:
        return msgspec.json.encode(decoding.decode(value))
    except decoding.Rejected as fault:
        return fault.reason, fault.path


@settings(max_examples=effort.of(1000), deadline=None)
@given(whatever)
def test_any_bytes_are_an_event_or_have_a_listed_reason_every_time(value: bytes) -> None:
    first = said(value)
    assert said(bytes(value)) == first
    if isinstance(first, tuple):
        assert first[0] in REASONS
        assert PATH.fullmatch(first[1])


@settings(max_examples=effort.of(60), deadline=None)
@given(st.lists(whatever, min_size=2, max_size=12), st.randoms())
def test_the_verdict_on_a_value_does_not_depend_on_earlier_values(
    values: list[bytes], order: random.Random
) -> None:
    alone = {value: said(value) for value in values}
    order.shuffle(values)
    assert {value: said(value) for value in values} == alone


@settings(max_examples=effort.of(200), deadline=None)
@given(st.lists(st.tuples(st.none() | st.binary(max_size=9), st.none() | whatever), max_size=12))
def test_every_record_of_anything_has_one_fate_in_the_stage(
    given_: list[tuple[bytes | None, bytes | None]],
) -> None:
    out, stage = Outputs(), Visitors(recipes_file.DEFAULT)
    stage.process([(n, T + n, key, value) for n, (key, value) in enumerate(given_)], out)
    outcomes = {each[1]: count for each, count in out.counts.items() if each[0] == "events"}
    assert outcomes.keys() <= set(OUTCOMES)
    assert sum(outcomes.values()) == len(given_)
    assert outcomes.get("rejected", 0) == len(out.rejected)
    assert {reason for _, reason, _ in out.rejected} <= REASONS


SAYS = """
import random
from tests.properties.test_decoding_of_anything import CORPUS, said
pick = random.Random(7)
for line in CORPUS:
    value = bytearray(line)
    for _ in range(3):
        del value[(at := pick.randrange(len(value) + 1)) : at + pick.randrange(4)]
    print(said(line), said(bytes(value)))
"""


def test_the_order_of_a_process_s_sets_changes_no_reason_and_no_path() -> None:
    told = set()
    for seed in ("1", "2", "3"):
        environ = {**os.environ, "PYTHONHASHSEED": seed}
        told.add(subprocess.check_output([sys.executable, "-c", SAYS], env=environ, cwd=HOME))
    assert len(told) == 1
    assert len(set(told.pop().splitlines())) > 100
