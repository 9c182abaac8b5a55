"""Payment failed: a checkout whose payment did not go through. Source: docs/semantics.md, 6 and 9."""

from typing import Final

from stream.durations import DAY, HOUR, MINUTE
from stream.episodes.visible_summary import VisibleSummary
from stream.recipes.recipe import PAYMENT, Recipe

DEFAULTS: Final = Recipe(
    PAYMENT,
    PAYMENT,
    steps=(5 * MINUTE, DAY, 3 * DAY),
    cooldown=0,
    valid_for=DAY,
    priority=10,
    ordered_within=HOUR,
)


def key_time(seen: VisibleSummary) -> int | None:
    """When the checkout started (ms), if its last payment failed. Else None."""
    checkout = seen.checkout
    return checkout.started_at if checkout is not None and checkout.failed else None
