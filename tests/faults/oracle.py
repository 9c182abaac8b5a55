"""The records that the log demands, by the reference implementation, from the log on the broker."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from tests.faults.raw import Row
from tests.reference import decide, events, owners, reading
from tests.reference.bodies import BODIES, Invalid
from tests.reference.compare import rows

CLOCK = "clock.advanced"
_TIME = re.compile(rb'"t": [0-9.]+')


class Demand(NamedTuple):
    """`rows`: triggers, cancels and decisions as rows of compare.py · `rejected`: (partition, offset)."""

    rows: Counter[str]
    rejected: set[tuple[int, int]]


def demand(log: Sequence[Row], document: dict[str, Any], live: bool, until: int) -> Demand:
    """The demand of the input's records. Live, decisions after `until` (ms) are left out."""
    found = rows(*decide([line for _, line in lines(log, live)], document))
    if live:
        found = Counter({row: count for row, count in found.items() if moment(row) <= until})
    return Demand(found, {(r.partition, r.offset) for r in log if is_rejected(r.key, r.value)})


def lines(log: Iterable[Row], live: bool) -> list[tuple[int, bytes]]:
    """(time, line) as for a backtest: in order of time, and in the order of each partition, in
    which time never goes back (a producer's retry may have written old records again)."""
    reached: dict[int, int] = defaultdict(int)
    found = []
    for row in sorted(log, key=lambda row: (row.partition, row.offset)):
        time = reached[row.partition] = max(reached[row.partition], row.time)
        if not _clock(row.value):
            found.append((time, row.partition, row.offset, _line(row, time, live)))
    return [(time, line) for time, _, _, line in sorted(found)]


def _line(row: Row, time: int, live: bool) -> bytes:
    """The line, with the time of its record added after its own fields."""
    value = row.value or b""
    match = None if live else _TIME.search(value)
    if match and time == row.time:
        return value
    if is_rejected(row.key, value) or not value.lstrip().startswith(b"{"):
        return b""
    if match:
        return value.replace(match[0], b'"t": %d' % time, 1)
    return value.rstrip()[:-1] + b', "t": %d}' % time


def moment(row: str) -> int:
    """The time (ms) of a decision."""
    fields = json.loads(row)
    return int(fields["at"] if "at" in fields else fields["not_before"])


def _document(value: bytes | None) -> Any:
    try:
        return json.loads(
            (value or b"").decode(), parse_constant=_no_constant, parse_int=_whole_number
        )
    except (ValueError, RecursionError):
        return None


def _whole_number(text: str) -> int:
    """Reads an integer. Python refuses more than 4,300 digits, which JSON allows; every bound is far below."""
    return int(text[:1_000])


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _clock(value: bytes | None) -> bool:
    if value is None or CLOCK.encode() not in value:
        return False
    document = _document(value)
    return (
        isinstance(document, dict)
        and document.get("type") == CLOCK
        and not {"t", "visitor"} & document.keys()
    )


def is_rejected(key: bytes | None, value: bytes | None) -> bool:
    """Whether the record is not a valid event by section 2. Unknown types and clock records are not rejected."""
    document = _document(value)
    if not isinstance(document, dict):
        return True
    kind = document.get("type")
    if kind == CLOCK:
        return False
    if isinstance(kind, str) and kind not in BODIES:
        unknown = owners.owner(document, {})
        readable = reading.identifier(document.get("id")) is not None
        small = len((value or b"").rstrip(b"\r\n")) <= 64 * 1024
        return not (readable and small and unknown and _is_key(key, unknown))
    try:
        event = events.event(document, len((value or b"").rstrip(b"\r\n")))
    except Invalid:
        return True
    return not _is_key(key, event.owner)


def _is_key(key: bytes | None, owner: owners.Owner) -> bool:
    return key == owner.visitor.encode("utf-8", "replace")


def judged(found: list[Row], until: int | None) -> list[Row]:
    """The rows to judge: live, without decisions after `until` (ms)."""
    if until is None:
        return found
    kept = []
    for row in found:
        document = json.loads(row.value or b"{}") if row.topic != "storefront.rejected" else {}
        data = document.get("data", document)
        if int(data.get("at", data.get("not_before", 0))) <= until:
            kept.append(row)
    return kept
