"""Cart abandonment: a cart that was filled and left. Source: docs/semantics.md, 6 and 9."""

from typing import Final

from stream.durations import DAY, HOUR
from stream.episodes.visible_summary import VisibleSummary
from stream.recipes.recipe import CART, Recipe

DEFAULTS: Final = Recipe(
    CART,
    CART,
    steps=(HOUR, DAY, 3 * DAY),
    cooldown=7 * DAY,
    valid_for=DAY,
    priority=30,
    ordered_within=DAY,
)


def key_time(seen: VisibleSummary) -> int | None:
    """When the cart's contents last changed (ms). None if the cart is empty."""
    return seen.cart.changed_at if seen.lines else None
