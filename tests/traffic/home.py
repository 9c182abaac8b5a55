"""The location of the data, and helpers shared by the adapters."""

import csv
import gzip
import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

import pytest

from tests.beside import beside, without

HOME = beside("data")
UNDATED = 1_650_950_229_000
"""The time (ms) of messages without one: 26 April 2022."""

present = pytest.mark.skipif(not HOME.is_dir(), reason=without("data"))

Document = dict[str, Any]


class Message(NamedTuple):
    """A message. `t`: ms · `events`: its translation to our events, empty if none fits."""

    t: int
    source: Document
    events: list[Document]


class Unmapped(Exception):
    """The message lacks a required field of our events, or is about something else."""


def rows(name: str) -> Iterator[dict[str, str]]:
    with gzip.open(HOME / name, "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def documents(name: str) -> Iterator[Document]:
    path = HOME / name
    with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
        yield from map(json.loads, file)


def moment(*told: Any) -> int:
    """The first valid time (ISO 8601) of the arguments, in ms."""
    for time in told:
        try:
            return int(datetime.fromisoformat(time).timestamp() * 1000)
        except (TypeError, ValueError):
            continue
    return UNDATED


def name(value: Any) -> str:
    """An id as text."""
    if not isinstance(value, str | int) or not str(value):
        raise Unmapped(value)
    return str(value)


def each(value: Any) -> list[Document]:
    """The value as a list of objects; None gives an empty list."""
    if not isinstance(value or [], list) or not all(isinstance(one, dict) for one in value or []):
        raise Unmapped(value)
    return list(value or [])


def number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise Unmapped(value) from None


def lines(messages: Iterable[Message]) -> list[bytes]:
    """The lines of a backtest's input; a message that does not map is kept with a time added."""
    told = [
        (message.t, event) for message in messages for event in message.events or [message.source]
    ]
    return [
        json.dumps({**event, "t": t}).encode()
        for t, event in sorted(told, key=lambda line: line[0])
    ]
