"""Checkout abandonment: a checkout that was started and left. Source: docs/semantics.md, 6 and 9."""

from typing import Final

from stream.durations import DAY, HOUR, MINUTE
from stream.episodes.visible_summary import VisibleSummary
from stream.recipes.recipe import CHECKOUT, Recipe

DEFAULTS: Final = Recipe(
    CHECKOUT,
    CHECKOUT,
    steps=(30 * MINUTE, DAY, 3 * DAY),
    cooldown=DAY,
    valid_for=DAY,
    priority=20,
    ordered_within=HOUR,
)


def key_time(seen: VisibleSummary) -> int | None:
    """When the open checkout started (ms). None if no checkout is open."""
    return seen.checkout.started_at if seen.checkout is not None else None
