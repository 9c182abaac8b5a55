"""Runs one recipes file over a file of events: the triggers that it sends, and the steps that it holds back. Times in ms."""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct, field

from agents.replay.backtest_files import BacktestFiles
from stream import backtest
from stream.outputs.reasons import Outcome
from stream.outputs.triggers import FIRED
from stream.recipes.recipe import Recipes


class SentTrigger(Struct, frozen=True):
    """The fields of a trigger by which two sides are compared."""

    trigger_id: str
    recipe: str
    step: int
    person: str
    channels: tuple[str, ...]
    offer: str | None
    arm: str | None
    not_before: int


class Decided(Struct, frozen=True):
    trigger_id: str
    recipe: str
    person: str
    outcome: Outcome
    at: int
    reason: str = ""
    shadow: bool = False


class Side(Struct):
    """The results of one side. `sent`, `cancelled`: by trigger id · `held`: number of decisions by (recipe, outcome,
    reason) · `shadows`: number of steps that shadows would have sent, by recipe · `last`: the last decision by trigger id ·
    `ends`: the time of the last event; None without events."""

    recipes: Recipes
    folder: Path
    sent: dict[str, SentTrigger] = field(default_factory=dict)
    cancelled: set[str] = field(default_factory=set)
    held: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    shadows: Counter[str] = field(default_factory=Counter)
    last: dict[str, Decided] = field(default_factory=dict)
    persons: set[str] = field(default_factory=set)
    events: int = 0
    starts: int | None = None
    ends: int | None = None


class _Data(Struct):
    trigger_id: str


class _Cloud(Struct):
    type: str
    data: msgspec.Raw


_cloud: Final = msgspec.json.Decoder(_Cloud).decode
_sent: Final = msgspec.json.Decoder(SentTrigger).decode
_data: Final = msgspec.json.Decoder(_Data).decode
_decided: Final = msgspec.json.Decoder(Decided).decode


def decide(lines: Iterable[bytes], recipes: Recipes, folder: Path) -> Side:
    """Decides the events, and writes the output of `backtest` into the folder. Raises OutOfOrder, OSError."""
    side = Side(recipes, folder)
    with BacktestFiles(folder) as files:
        for out in backtest.run(_timed(lines, side), recipes):
            files.write(out)
            for _, _, value in out.triggers:
                _trigger(value, side)
            for _, value in out.decisions:
                _decision(value, side)
    return side


def _timed(lines: Iterable[bytes], side: Side) -> Iterator[bytes]:
    """The lines, unchanged. It notes their number, and their first and last time."""
    last = b""
    for line in lines:
        side.events += 1
        last = line
        if side.starts is None:
            side.starts = _time(line)
        yield line
    side.ends = _time(last)


def _time(line: bytes) -> int | None:
    found = backtest.envelope(line)
    return None if found is None else found.t


def _trigger(value: bytes, side: Side) -> None:
    cloud = _cloud(value)
    if cloud.type == FIRED:
        sent = _sent(cloud.data)
        side.sent[sent.trigger_id] = sent
    else:
        side.cancelled.add(_data(cloud.data).trigger_id)


def _decision(value: bytes, side: Side) -> None:
    decided = _decided(value)
    if decided.shadow:
        side.shadows[decided.recipe] += decided.outcome == "fired"
        return
    side.persons.add(decided.person)
    side.last[decided.trigger_id] = decided
    if decided.outcome != "fired":
        side.held[decided.recipe, decided.outcome, decided.reason] += 1
