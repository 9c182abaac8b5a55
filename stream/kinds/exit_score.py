"""The score of an exit: how likely it is that a visitor leaves now. Source: docs/semantics.md, 5.

The accepted signals of the visit add up to it; each fades with its age. A cart and viewed products raise it.
"""

from typing import Final

from msgspec import UNSET, Struct

from stream.durations import SECOND
from stream.events.types import ExitSignal
from stream.state.cart import NEVER
from stream.state.visitor import VISIT_GAP, Visitor

THRESHOLD: Final = 0.7
CART_WEIGHT: Final = 0.35
PRODUCTS_WEIGHT: Final = 0.20


class Sort(Struct, frozen=True):
    """One sort of signal: its weight, its half-life (ms), and the shortest `held` (ms) that counts, if any."""

    weight: float
    half_life: int
    least_held: int = 0


SORTS: Final = {
    "pointer_top": Sort(0.55, 5 * SECOND, 500),
    "close_shortcut": Sort(0.80, 5 * SECOND),
    "back": Sort(0.60, 10 * SECOND),
    "tab_hidden": Sort(0.50, 15 * SECOND, 5_000),
    "scroll_up": Sort(0.35, 8 * SECOND),
    "window_blur": Sort(0.25, 8 * SECOND),
    "idle": Sort(0.30, 30 * SECOND),
    "landing_return": Sort(0.30, 20 * SECOND),
}


def accepted(state: Visitor, event: ExitSignal, t: int) -> bool:
    if event.form_focus is True:
        return False
    if event.held_ms is not UNSET and event.held_ms < SORTS[event.signal].least_held:
        return False
    return state.last_active != NEVER and t - state.last_active < VISIT_GAP


def score(state: Visitor, t: int) -> float:
    """The score at `t` (ms), 0 to 1: S = 1 - P of docs/semantics.md, 5."""
    stays = 1.0
    for name, signal in state.signals.items():
        sort = SORTS[name]
        stays *= 1 - sort.weight * 2.0 ** ((signal.at - t) / sort.half_life)
    if state.cart.lines:
        stays *= 1 - CART_WEIGHT
    if state.products >= 2:
        stays *= 1 - PRODUCTS_WEIGHT
    return round(1 - stays, 6)
