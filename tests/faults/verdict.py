"""The invariants of the promise, each an exact comparison of sets. A violation names its invariant.
The last five are in durable.py, heeded.py, named.py and quiet.py.

complete   every row that the log demands is there
sound      nothing else is there
unique     no copies, where no crash explains them
identical  copies have the same bytes; bytes are those of the backtest
rejected   every input that is no valid event is in storefront.rejected, and nothing else
committed  the group's offsets are the ends of the input; what stands behind them in facts and claims is applied
state      the changelogs, read back, hold what a fresh fold of the log gives
order      no trigger was decided behind the order that forbids it (by the offset in its header)
named      no trigger of a person was decided at or after an order that names one of the person's keys
quiet      no error in the logs but those that were let pass, no canary, bounded memory, expected exits
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.faults.oracle import Demand
from tests.faults.raw import Row
from tests.reference.compare import rows

SHOWN = 12
RSS = 300 * 1024 * 1024


@dataclass
class Verdict:
    """`broken`: the violations, by invariant · the rest are figures."""

    broken: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    triggers: int = 0
    decisions: int = 0
    missing: int = 0
    false: int = 0
    copies: int = 0
    divergent: int = 0
    person: str | None = None
    """The first person with a violation."""


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
    """Checks `identical`: the bytes equal those of the backtest."""
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
