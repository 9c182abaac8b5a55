"""Measures how long a product was on screen, and when a visitor became idle. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from stream.events.types import TAGS
from stream.stages.applying import LOOKS
from stream.stages.engaged_events import ENGAGED
from stream.state.visitor import IDLE_AFTER, VISIT_GAP

Event = Mapping[str, Any]

ENGAGED_TYPES: Final = frozenset(TAGS[kind] for kind in ENGAGED)
SCREENS: Final = frozenset(TAGS[kind] for kind in LOOKS)
"""Types of events that show a visitor something new, and so end the dwell on a product."""


def engaged(events: Iterable[Event]) -> dict[str, list[Event]]:
    """The engaged events of each visitor. Source: docs/semantics.md, 2."""
    found: dict[str, list[Event]] = {}
    for event in events:
        if event["type"] in ENGAGED_TYPES:
            found.setdefault(event["visitor"], []).append(event)
    return found


def seconds(events: Iterable[Event]) -> dict[tuple[str, str], int]:
    """(visitor, event id) of a product view -> seconds for which the product was on screen, from 1."""
    looked: dict[tuple[str, str], int] = {}
    for visitor, acts in engaged(events).items():
        screen: Event | None = None
        shown = before = 0
        for act in [*acts, None]:
            gap = act["t"] - before if act else VISIT_GAP
            shown += gap if gap < VISIT_GAP else 0
            if act is None or gap >= VISIT_GAP or act["type"] in SCREENS:
                if screen is not None and screen["type"] == "product.viewed" and shown >= 1000:
                    looked[visitor, screen["id"]] = shown // 1000
                screen, shown = act, 0
            before = act["t"] if act else before
    return looked


def pauses(events: Iterable[Event]) -> Iterator[tuple[str, int]]:
    """(visitor, time in ms) of each engaged event after which the visitor became idle."""
    for visitor, acts in engaged(events).items():
        times = [act["t"] for act in acts]
        for time, following in zip(times, [*times[1:], None], strict=True):
            if following is None or following - time >= IDLE_AFTER:
                yield visitor, time
