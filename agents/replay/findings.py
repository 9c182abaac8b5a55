"""Reports what a backtest ignored, rejected or left out of its input, by type. Pure.

It quotes nothing of an event but the name of an unknown type. Source: docs/semantics.md, 2.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from stream.events import decoding
from stream.events.decoding import Rejected
from stream.events.faults import Fault
from stream.events.nearest import meant, named

IGNORED: Final = ("duplicate", "late", "ignored")
UNTYPED: Final = "without a type"
UNKNOWN: Final = "of an unknown type"

SHOWN: Final = 10
"""Sorts of faults that are reported one by one, the most frequent ones."""


class First(NamedTuple):
    """The first fault of its sort. `line`: its number, from 1."""

    line: int
    fault: Fault


Parts = Mapping[tuple[str, str], First]
"""The first fault of each (type, path)."""


def report(counts: Counter[tuple[str, ...]], parts: Parts) -> Iterator[str]:
    """Lines about ignored, rejected and left out input, the most frequent sort first. No line if there is none."""
    ignored = [
        f"{number} {outcome} {kind}"
        for (outcome, kind), number in _ranked(counts, "types")
        if outcome in IGNORED
    ]
    if ignored:
        more = f", … and {len(ignored) - SHOWN} more sorts" if len(ignored) > SHOWN else ""
        yield f"ignored: {', '.join(ignored[:SHOWN])}{more}"
    yield from _first("unknown type", map(_unknown, _ranked(counts, "unknown")))
    rejected = (
        f"{number} × {kind or UNTYPED}: {reason} at {path}"
        for (kind, reason, path), number in _ranked(counts, "rejected")
    )
    yield from _first("rejected", rejected)
    left_out = (
        _left_out(kind, path, number, parts[kind, path])
        for (kind, path), number in _ranked(counts, "reported")
    )
    yield from _first("left out", left_out)


def _first(title: str, texts: Iterable[str]) -> Iterator[str]:
    every = list(texts)
    for text in every[:SHOWN]:
        yield f"{title}: {text}"
    if len(every) > SHOWN:
        yield f"{title}: … and {len(every) - SHOWN} more sorts"


def _unknown(counted: tuple[tuple[str, ...], int]) -> str:
    (name,), number = counted
    near = meant(name)
    return f"{number} × {name}" + (f": did you mean {near}?" if near else "")


def _left_out(kind: str, path: str, number: int, first: First) -> str:
    text = f"{number} × {kind or UNKNOWN} at {path} ({wanted(first.fault)})"
    return f"{text}, first in line {first.line}"


def _ranked(counts: Counter[tuple[str, ...]], kind: str) -> list[tuple[tuple[str, ...], int]]:
    """(labels, number) of the counts of a kind, the largest first."""
    found = [(count[1:], number) for count, number in counts.items() if count[0] == kind]
    return sorted(found, key=lambda entry: (-entry[1], entry[0]))


def wanted(fault: Fault) -> str:
    return f"{fault.reason}: expected {fault.expected}, got {fault.got}"


def why(line: bytes) -> str:
    """What is wrong with a line that was rejected: its type and all its essential faults."""
    type = named(line)
    start = f"{type}: " if type else ""
    try:
        essential = [fault for fault in decoding.faults(line) if fault.essential]
    except Rejected as error:
        return f"{start}{error}"
    return start + "; ".join(
        f"{fault.reason} at {fault.path} ({_short(fault)})" for fault in essential
    )


def _short(fault: Fault) -> str:
    return f"expected {fault.expected}, got {fault.got}"


def firsts(found: dict[tuple[str, str], First], reported: Iterable[tuple[int, str, Fault]]) -> None:
    """Adds the first fault of each (type, path) to `found`."""
    for number, kind, fault in reported:
        found.setdefault((kind, fault.path), First(number + 1, fault))
