"""Translates what a source sent in the past into events for a backtest, such as rows of GA4's BigQuery export.

Each line is a record as a bridge reads it. An event takes place when the source says that it happened: without a time it
has no place in the file. Source: docs/connect.md, 1.2.3.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

import msgspec
from msgspec import Struct, field

from agents.bridge.translating import Arrived, bridged
from agents.replay.sorted_runs import SortedRuns
from stream.connect import times
from stream.connect.source import Source

NO_TIME: Final = "no_time"
_read: Final = msgspec.json.Decoder().decode
_write: Final = msgspec.json.Encoder().encode


class _Received(Struct):
    """The time at which the source's own server had the message: Segment's and RudderStack's archives have it."""

    receivedAt: Any = None


_received: Final = msgspec.json.Decoder(_Received).decode


class Past(Struct):
    """What became of the records. `events`: their number; the events themselves are in `runs`, as JSON with `t` ·
    `left_out`: numbers by (name, reason) · `refused`: numbers by reason."""

    runs: SortedRuns
    events: int = 0
    left_out: Counter[tuple[str, str]] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)

    def add(self, line: bytes, source: Source, now: int) -> None:
        """Translates a line. `now`: the time of its arrival (ms), if the line itself has none. Raises OSError."""
        arrival = _arrival(line) or now
        record = Arrived("", 0, 0, arrival, None, line, {})
        found = bridged(record, line, source, arrival)
        for event in found.events:
            self._place(event.value)
        self.refused.update(letter.reason for letter in found.letters)
        self.left_out.update((each.name, each.reason) for each in found.left_out)

    def _place(self, value: bytes) -> None:
        event = _read(value)
        t = event.pop("client_time", None)
        if t is None:
            self.left_out[event["type"], NO_TIME] += 1
            return
        self.runs.add(t, _write({"t": t, **event}))
        self.events += 1


def past(lines: Iterable[bytes], source: Source, now: int, runs: SortedRuns) -> Past:
    """The past of a source. `lines`: a record each · `now`: the current time (ms) · `runs`: get the events. Raises OSError."""
    found = Past(runs)
    for line in lines:
        if line.strip():
            found.add(line, source, now)
    return found


def _arrival(line: bytes) -> int | None:
    try:
        given = _received(line).receivedAt
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return times.moment(given)
