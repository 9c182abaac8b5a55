"""How long a shopper looked at a product, and when they went quiet. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from stream.durations import MINUTE

Event = Mapping[str, Any]

IDLE: Final = 5 * MINUTE
VISIT: Final = 30 * MINUTE
NOT_ENGAGED: Final = frozenset(
    ("order.placed", "order.cancelled", "visitor.identified", "consent.changed", "exit.signal")
)
SCREENS: Final = ("page.viewed", "product.viewed", "category.viewed", "search.performed")


def engaged(events: Iterable[Event]) -> dict[str, list[Event]]:
    """Each visitor's events that show somebody at work. Source: docs/semantics.md, 2."""
    found: dict[str, list[Event]] = {}
    for event in events:
        if event["type"] not in NOT_ENGAGED:
            found.setdefault(event["visitor"], []).append(event)
    return found


def seconds(events: Iterable[Event]) -> dict[tuple[str, str], int]:
    """(visitor, event id) of a product view -> how long the product was on screen, if a second."""
    looked: dict[tuple[str, str], int] = {}
    for visitor, acts in engaged(events).items():
        screen: Event | None = None
        shown = before = 0
        for act in [*acts, None]:
            gap = act["t"] - before if act else VISIT
            shown += gap if gap < VISIT else 0
            if act is None or gap >= VISIT or act["type"] in SCREENS:
                if screen is not None and screen["type"] == "product.viewed" and shown >= 1000:
                    looked[visitor, screen["id"]] = shown // 1000
                screen, shown = act, 0
            before = act["t"] if act else before
    return looked


def pauses(events: Iterable[Event]) -> Iterator[tuple[str, int]]:
    """(visitor, time in ms of the last act) wherever nothing followed for 5 minutes."""
    for visitor, acts in engaged(events).items():
        times = [act["t"] for act in acts]
        for time, following in zip(times, [*times[1:], None], strict=True):
            if following is None or following - time >= IDLE:
                yield visitor, time
