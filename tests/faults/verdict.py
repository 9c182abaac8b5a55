"""The invariants of the promise, each an exact comparison of sets. What is broken is told by its name.

complete   every row that the log demands is there
sound      nothing else is there
unique     no copies, where no crash explains them
identical  copies have the same bytes; bytes are those of the backtest
rejected   every input that is no valid event is in storefront.rejected, and nothing else
committed  the group's offsets are the ends of the input; what stands behind them in the facts is applied
state      the changelogs, read back, hold what a fresh fold of the log gives
order      no trigger was decided behind the order that forbids it (by the offset in its header)
quiet      no error in the logs but those that were let pass, no canary, bounded memory, expected exits
"""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from stream.outputs.outputs import Outputs
from stream.recipes.recipe import Recipes
from stream.recipes_file import DEFAULT
from stream.stages.backend import PURE
from stream.stages.keys import Keys
from stream.stages.people import People
from stream.stages.visitors import Visitors
from stream.stages.watermark import watermark_record
from tests.faults.oracle import Demand
from tests.faults.raw import Row
from tests.reference.compare import rows

SHOWN = 12
RSS = 300 * 1024 * 1024
CANARY = "canary"


@dataclass
class Verdict:
    """`broken`: what does not hold, by invariant · the rest are figures."""

    broken: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    triggers: int = 0
    decisions: int = 0
    missing: int = 0
    false: int = 0
    copies: int = 0
    divergent: int = 0
    person: str | None = None
    """The first whom something that is broken concerns."""


def outputs(found: list[Row], demand: Demand, verdict: Verdict) -> None:
    """complete, sound, identical; counts copies.

    A decision may be demanded twice with the same bytes: put off, and again at the same moment when another
    visitor of the person has moved. So many are none.
    """
    values = Counter(r.value or b"" for r in found if r.topic.startswith("triggers."))
    got, ids = Counter[str](), defaultdict(set)
    for value, count in values.items():
        document = json.loads(value)
        if "specversion" in document:
            verdict.triggers += 1
            ids[document["id"]].add(value)
            (row,) = rows([document], [])
        else:
            verdict.decisions += 1
            (row,) = rows([], [document])
        got[row] += min(count, max(1, demand.rows[row]))
    missing, false = demand.rows - got, got - demand.rows
    verdict.missing, verdict.false = missing.total(), false.total()
    verdict.copies = values.total() - got.total()
    if missing:
        verdict.broken["complete"] += list(missing)[:SHOWN]
    if false:
        verdict.broken["sound"] += list(false)[:SHOWN]
    for id_, different in ids.items():
        if len(different) > 1:
            verdict.divergent += 1
            verdict.broken["identical"].append(f"{id_}: {len(different)} different copies")
    for row in [*missing, *false]:
        verdict.person = verdict.person or json.loads(row).get("person")


def bytes_of(found: list[Row], expected: Iterable[bytes], verdict: Verdict) -> None:
    """identical, down to the byte, to what the backtest gives."""
    got = {r.value or b"" for r in found if r.topic.startswith("triggers.")}
    different = got ^ set(expected)
    if different and not verdict.missing and not verdict.false:
        verdict.broken["identical"] += [repr(value) for value in sorted(different)[:SHOWN]]


def rejected(found: list[Row], log: list[Row], demand: Demand, verdict: Verdict) -> None:
    there: dict[tuple[int, int], Row] = {}
    for row in found:
        if row.topic == "storefront.rejected":
            partition, first = int(row.headers["partition"]), int(row.headers["offset"])
            for offset in range(first, first + int(row.headers.get("records", b"1"))):
                there[partition, offset] = row
    verdict.broken["rejected"] += [f"lost {at}" for at in sorted(demand.rejected - there.keys())]
    verdict.broken["rejected"] += [f"valid {at}" for at in sorted(there.keys() - demand.rejected)]
    given = {(r.partition, r.offset): r for r in log}
    for at, row in there.items():
        whole = not {"size", "records"} & row.headers.keys()
        if at in given and given[at].value != row.value and whole:
            verdict.broken["rejected"].append(f"other bytes {at}")


def committed(
    ends: dict[tuple[str, int], int],
    offsets: dict[tuple[str, int], int],
    facts: list[Row],
    people: list[Row],
    verdict: Verdict,
) -> None:
    """A commit that a rebalance came before leaves facts behind that are applied: they change nothing."""
    for at, end in ends.items():
        if end and offsets.get(at) != end:
            verdict.broken["committed"].append(f"{at} ends at {end}, committed {offsets.get(at)}")
    for number in sorted({row.partition for row in facts}):
        stage = People(DEFAULT, 1)
        _restore(stage, people, number)
        here = [r for r in facts if r.partition == number and r.key]
        behind = [r for r in here if r.offset >= offsets.get((r.topic, number), 0)]
        if any(json.loads(r.value or b"{}")["at"] >= stage.advanced for r in behind):
            verdict.broken["committed"].append(f"{len(behind)} facts of {number} neither in state")


def order(found: list[Row], facts: list[Row], recipes: Recipes, verdict: Verdict) -> None:
    """A trigger's header says before which fact it was decided. No order that its recipe looks back on
    stands before that. At equal times a deadline goes first; a repeated order is none; ids that were
    taken back, or over from another person, are left out."""
    placed: dict[str, list[tuple[int, int, str, str]]] = defaultdict(list)
    for row in facts:
        fact = json.loads(row.value or b"{}")
        if fact["type"] in ("order.placed", "order.cancelled"):
            one = row.offset, fact["at"], fact["order_id"], fact["type"]
            placed[fact["person"]].append(one)
        elif fact["type"] == "visitor.identified":
            for id_, at in map(_entry, fact.get("orders", ())):
                placed[fact["person"]].append((row.offset, at, id_, "taken over"))
    for row in found:
        if not row.topic.startswith("triggers."):
            continue
        data = json.loads(row.value or b"{}").get("data", {})
        if "not_before" not in data or not row.headers["topic"].endswith(b"visitor.facts"):
            continue
        due, recipe = data["not_before"], recipes.by_name[data["recipe"]]
        before = [o for o in placed[data["person"]] if o[0] < int(row.headers["offset"])]
        back = {id_ for _, _, id_, kind in before if kind != "order.placed"}
        first = {id_: at for _, at, id_, kind in sorted(before, key=_at, reverse=True)}
        for id_, at in first.items():
            if due - recipe.ordered_within < at < due and id_ not in back:
                verdict.broken["order"].append(f"{data['trigger_id']} at {due}, ordered at {at}")


def _entry(order: Any) -> tuple[str, int]:
    return (order["id"], order["at"]) if isinstance(order, dict) else (order[0], order[1])


def _at(placed: tuple[int, int, str, str]) -> int:
    return placed[1]


def state(
    recipes: Recipes, log: list[Row], facts: list[Row], kept: dict[str, list[Row]], verdict: Verdict
) -> None:
    """Both changelogs against a fresh fold, without what is compiled: of the input, and of the facts."""
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
    """The changelog of the keys stage against a fresh fold of the claims."""
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
    """Decoded, without what may differ between two ways to the same state."""
    found = {}
    for key in list(stage._states._packed):
        state = stage._states.get(key)
        if state is not None:
            state.version = state.armed = 0
            found[key] = msgspec.to_builtins(state)
    return found


ALARM = re.compile(r" (ERROR|CRITICAL) |Traceback|^\s+File \"")
SAID = re.compile(r"^\d{4}-\d\d-\d\dT\S+Z [A-Z]+ ")


STARTING = r"Group Coordinator Request failed: .Error 15. GroupCoordinatorNotAvailableError"
"""Said while a broker makes the topic of the groups' offsets, and when it has just come back."""


DOUBTED = r"Heartbeat|heartbeat|OffsetCommit|UnknownMemberId|IllegalGeneration|Thread keepalive"
"""Said by a member that the group has cast out."""


LEAVING = r"LeaveGroup"
"""A connection that closes while a worker leaves: the group notices by its session."""

CLOSING = re.compile(r"group_coordinator Error sending \w+ to node \d+ \[.* closed\]")
"""The same, of what else it had asked: explained between a worker's last two lines and nowhere else."""


def logs(text: str, passed: Iterable[str], verdict: Verdict) -> None:
    """`passed`: patterns of lines that the faults of the case explain. A stack goes with the line above it."""
    allowed = [re.compile(pattern) for pattern in (*passed, STARTING, LEAVING)]
    explained = stopping = False
    for line in text.splitlines():
        if line.startswith("fault:"):
            continue
        if CANARY in line:
            verdict.broken["quiet"].append(f"a canary: {line}")
        if " triggers.worker " in line:
            stopping = line.endswith(" stopping")
        fits = any(pattern.search(line) for pattern in allowed)
        fits = fits or (stopping and CLOSING.search(line) is not None)
        if SAID.match(line):
            explained = fits
        if ALARM.search(line) and not fits and not explained:
            verdict.broken["quiet"].append(line)
