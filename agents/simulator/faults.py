"""Adds the faults of real traffic: duplicates, late events, unknown types, unreadable parts, and rubbish."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields
from heapq import heappop, heappush
from random import Random
from typing import Any, Final, Self

import msgspec

Record = dict[str, Any] | bytes
"""An event, or bytes that are no event."""


@dataclass(frozen=True)
class Faults:
    """Shares of all events, 0 to 1. `late`: sent minutes late · `parts`: with an unreadable optional part · `rubbish`: an
    invalid event comes before this one."""

    duplicates: float = 0.01
    late: float = 0.005
    unknown: float = 0.002
    rubbish: float = 0.003
    parts: float = 0.003

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads `duplicates=0.02,rubbish=0.01`; a fault that is not named is 0. Raises ValueError with what is expected."""
        names = [field.name for field in fields(cls)]
        shares = dict.fromkeys(names, 0.0)
        for part in filter(None, text.split(",")):
            name, _, share = part.strip().partition("=")
            if name not in shares:
                raise ValueError(f"expected one of {', '.join(names)}, got {name!r}")
            try:
                shares[name] = float(share)
            except ValueError:
                raise ValueError(f"{name}: expected a share from 0 to 1, got {share!r}") from None
            if not 0 <= shares[name] <= 1:
                raise ValueError(f"{name}: expected a share from 0 to 1, got {share!r}")
        return cls(**shares)


NONE: Final = Faults(0, 0, 0, 0, 0)


def spoil(
    events: Iterable[tuple[int, dict[str, Any]]], seed: int, faults: Faults
) -> Iterator[tuple[int, Record]]:
    """The events, in order of time, with faults added."""
    random = Random(f"rubbish {seed}")
    duplicates: list[tuple[int, int, dict[str, Any]]] = []
    late, unknown, rubbish, parts = faults.late, faults.unknown, faults.rubbish, faults.parts
    for number, (t, event) in enumerate(events):
        while duplicates and duplicates[0][0] <= t:
            repeated, _, copy = heappop(duplicates)
            yield repeated, copy
        if random.random() < late and "client_time" in event:
            event["client_time"] = t - random.randint(6, 90) * 60_000
        if random.random() < unknown:
            yield t, event | {"type": "wishlist.updated", "id": f"wish-{seed}-{number}"}
        if random.random() < rubbish:
            yield t, random.choice(RUBBISH)(event | {"id": f"rubbish-{seed}-{number}"})
        if random.random() < parts:
            event = random.choice(PARTS)(event)  # noqa: PLW2901
        yield t, event
        if random.random() < faults.duplicates:
            heappush(duplicates, (t + random.randint(1, 2_000), number, event))
    while duplicates:
        repeated, _, copy = heappop(duplicates)
        yield repeated, copy


def _cut_short(event: dict[str, Any]) -> Record:
    return msgspec.json.encode(event)[:-20]


def _no_text(event: dict[str, Any]) -> Record:
    return b"\xff\xfe" + msgspec.json.encode(event)


def _nobody(event: dict[str, Any]) -> Record:
    return event | {"visitor": "undefined"}


def _without_id(event: dict[str, Any]) -> Record:
    return {name: value for name, value in event.items() if name != "id"}


def _wrong_type(event: dict[str, Any]) -> Record:
    return event | {"type": "cart.item_added", "item": "spork-titanium"}


def _null(event: dict[str, Any]) -> Record:
    return event | {"type": "checkout.advanced", "stage": None}


def _not_in_list(event: dict[str, Any]) -> Record:
    return event | {"type": "exit.signal", "signal": "mouse_gone"}


def _too_long(event: dict[str, Any]) -> Record:
    return event | {"id": "x" * 200}


def _seconds(event: dict[str, Any]) -> dict[str, Any]:
    return event | {"client_time": 1_767_571_200}


def _null_time(event: dict[str, Any]) -> dict[str, Any]:
    return event | {"client_time": None}


def _raw_address(event: dict[str, Any]) -> dict[str, Any]:
    return event | {"keys": event.get("keys", {}) | {"phone": "not given"}}


PARTS: Final[tuple[Callable[[dict[str, Any]], dict[str, Any]], ...]] = (
    _seconds,
    _null_time,
    _raw_address,
)

RUBBISH: Final[tuple[Callable[[dict[str, Any]], Record], ...]] = (
    _cut_short,
    _no_text,
    _nobody,
    _without_id,
    _wrong_type,
    _null,
    _not_in_list,
    _too_long,
)
