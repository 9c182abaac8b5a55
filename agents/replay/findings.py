"""What a backtest says of its input: what was ignored, rejected or left out, by type. Pure, but for the second look.

Source: docs/semantics.md, 2. Nothing is quoted from the events but the names of types that there are not.
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


class First(NamedTuple):
    """The first part of its sort that was left out: the number of its line, from 1."""

    line: int
    fault: Fault


Parts = Mapping[tuple[str, str], First]
"""By type and path."""


def said(counts: Counter[tuple[str, str]], parts: Parts) -> Iterator[str]:
    """Lines about all that the input lost, the most frequent first; none if it lost nothing."""
    ignored = [
        f"{number} {fate} {kind}"
        for (fate, kind, _), number in _ranked(counts, "types", 1)
        if fate in IGNORED
    ]
    if ignored:
        yield f"ignored: {', '.join(ignored)}"
    for (name, *_), number in _ranked(counts, "unknown", 0):
        near = meant(name)
        yield f"unknown type: {number} × {name}" + (f": did you mean {near}?" if near else "")
    for (kind, reason, path), number in _ranked(counts, "rejected", 2):
        yield f"rejected: {number} × {kind or UNTYPED}: {reason} at {path}"
    for (kind, path, _), number in _ranked(counts, "reported", 1):
        line, fault = parts[kind, path]
        yield f"left out: {number} × {kind or UNTYPED} at {path} ({wanted(fault)}), first in line {line}"


def _ranked(
    counts: Counter[tuple[str, str]], kind: str, colons: int
) -> list[tuple[tuple[str, str, str], int]]:
    """(parts of the label, number) of the counts of a kind."""
    found = []
    for (each, label), number in counts.items():
        if each == kind:
            first, second, third = [*label.split(":", colons), "", ""][:3]
            found.append(((first, second, third), number))
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
    """Notes the first of each sort."""
    for number, kind, fault in reported:
        found.setdefault((kind, fault.path), First(number + 1, fault))
