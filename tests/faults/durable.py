"""Judges what is durable at the end: the group's offsets, and the changelogs."""

import json
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import msgspec

from agents.kafka.topics import CLAIMS
from stream.outputs.outputs import Outputs
from stream.recipes.history import History
from stream.recipes_file import DEFAULT
from stream.stages.backend import PURE
from stream.stages.keys import Keys
from stream.stages.people import People
from stream.stages.visitors import Visitors
from stream.stages.watermark import watermark_record
from tests.faults.raw import Row
from tests.faults.verdict import Verdict


def committed(
    ends: dict[tuple[str, int], int],
    offsets: dict[tuple[str, int], int],
    told: Iterable[Row],
    kept: dict[str, list[Row]],
    verdict: Verdict,
) -> None:
    """A commit that failed in a rebalance may leave facts and claims uncommitted. They must be copies without effect.

    `told`: all facts and claims · `kept`: the changelogs, by their topics.
    """
    for at, end in ends.items():
        if end and offsets.get(at) != end:
            verdict.broken["committed"].append(f"{at} ends at {end}, committed {offsets.get(at)}")
    behind: dict[tuple[str, int], list[Row]] = defaultdict(list)
    for row in told:
        at = row.topic, row.partition
        if row.key and row.offset >= offsets.get(at, 0):
            behind[at].append(row)
    for (topic, number), rows in behind.items():
        stage: Keys | People = Keys(1) if topic == CLAIMS else People(DEFAULT, 1)
        _restore(stage, kept["state.keys" if topic == CLAIMS else "state.people"], number)
        if any(json.loads(r.value or b"{}")["at"] >= stage.advanced for r in rows):
            lost = f"{len(rows)} records of {topic} {number} neither committed nor in the state"
            verdict.broken["committed"].append(lost)


def state(
    recipes: History, log: list[Row], facts: list[Row], kept: dict[str, list[Row]], verdict: Verdict
) -> None:
    """Compares both changelogs with states computed from the input and the facts, by Python only."""
    for number in sorted({r.partition for r in log}):
        back, fresh = Visitors(recipes, PURE), Visitors(recipes, PURE)
        _restore(back, kept["state.visitors"], number)
        own = (r for r in log if r.partition == number)
        fresh.process(((r.offset, r.time, r.key, r.value) for r in own), Outputs())
        fresh.advance(back.clock, Outputs())
        _compare("visitors", number, back, fresh, verdict)
    for number in sorted({r.partition for r in facts}):
        after, anew = People(recipes, 1), People(recipes, 1)
        _restore(after, kept["state.people"], number)
        own = (r for r in facts if r.partition == number and r.key)
        anew.add((r.offset, r.value) for r in own)
        anew.add([(1 << 60, watermark_record({0: after.advanced}, 1))])
        anew.advance(Outputs())
        _compare("people", number, after, anew, verdict)


def keys(claims: list[Row], kept: list[Row], verdict: Verdict) -> None:
    """Compares the changelog of the keys stage with states computed from the claims."""
    for number in sorted({r.partition for r in claims}):
        back, fresh = Keys(1), Keys(1)
        _restore(back, kept, number)
        fresh.add((r.offset, r.value) for r in claims if r.partition == number and r.key)
        fresh.add([(1 << 60, watermark_record({0: back.advanced}, 1))])
        fresh.advance(Outputs())
        _compare("keys", number, back, fresh, verdict)


def _restore(stage: Visitors | Keys | People, kept: list[Row], partition: int) -> None:
    stage.restore((row.key or b"", row.value) for row in kept if row.partition == partition)
    stage.restored()


def _compare(name: str, number: int, back: Any, fresh: Any, verdict: Verdict) -> None:
    fresh.changes()
    one, other = _states(back), _states(fresh)
    for key in one.keys() | other.keys():
        if one.get(key) != other.get(key):
            verdict.broken["state"].append(
                f"{name} {number} {key!r}:\n  kept  {one.get(key)}\n  fresh {other.get(key)}"
            )


def _states(stage: Any) -> dict[str, Any]:
    """The decoded states, without fields that may differ between two paths to the same state."""
    found = {}
    for key in list(stage._states._packed):
        state = stage._states.get(key)
        if state is not None:
            state.version = state.armed = 0
            found[key] = msgspec.to_builtins(state)
    return found
