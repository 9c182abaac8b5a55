"""Bounds of the state of one visitor or person, whatever a robot or a shared id sends.

A changelog record must fit into a message of the broker, so a state needs a bound. Each bound is far above what a
customer needs. It counts applied events or parts, never time or batches, so the same log reaches it at the same
event. Source: docs/semantics.md, "Bounds of our own".
"""

from typing import Any, Final

from msgspec import UNSET

LONGEST_TEXT: Final = 2_048
"""Characters of a name, url or image. A longer text is an inline picture instead of its url."""

LONGEST_CATEGORY: Final = 64 * 1024
"""Characters of a category, which may have any length. Only a cart.updated has room for a longer one."""

LARGEST_CART: Final = 256 * 1024
"""Characters of a cart built up line by line: 800 lines with all their texts, 4,000 without. A whole cart
of one cart.updated always fits."""

LARGEST_CARTS: Final = 1024 * 1024
"""Characters of the carts of all open episodes of a person."""

LARGEST_ORDERED: Final = 1024 * 1024
"""Characters of the contents and the lines of all orders of a key of identity, the last ones."""

LARGEST_LINES: Final = 256 * 1024
"""Characters of the lines of a visitor's last orders: those of the largest cart."""

LARGEST_LIFE: Final = 1024 * 1024
"""Characters of the lines of all open life episodes of a person, and as many of its purchases."""

MOST_ORDERS: Final = 1_000
"""Orders of a record, the last entered. Fewer: too few are counted for a daily buyer."""

MOST_VISITORS: Final = 1_000
"""Visitors of a person, the last active. A person with more is a till or a robot."""

MOST_CARTS: Final = 500
"""Known carts of a person, the last changed. Fewer: an old cart could be mistaken for a new one."""

EMPTY_FOR: Final = 60 * 24 * 3600 * 1000
"""Ms for which an empty cart of before the last order is known. A device that shows it otherwise would have been used for
as long, and its cart not once."""

MOST_LINES: Final = 5_000
"""Lines of a person's known carts, and as many bought ones, those of the latest carts."""

MOST_OPEN: Final = 100
"""Open episodes of a person. No more are opened."""

MOST_LIFE: Final = 1_000
"""Open life episodes of a person. No more are opened."""

MOST_REMEMBERED: Final = 1_000
"""Finished episodes of a person, the last fed. Fewer: an old cart could cause a second reminder."""


_LONGEST: Final = {
    "name": LONGEST_TEXT,
    "category": LONGEST_CATEGORY,
    "url": LONGEST_TEXT,
    "image": LONGEST_TEXT,
}


def shorten(event: Any, size: int) -> None:
    """Removes texts of products and items that are too long to keep. `size`: bytes of the event."""
    if size <= LONGEST_TEXT:
        return
    whole = getattr(event, "cart", None) or getattr(event, "order", None)
    things = [getattr(event, "product", None), getattr(event, "item", None)]
    for thing in getattr(whole, "items", None) or things:
        for name, longest in _LONGEST.items():
            if len(getattr(thing, name, None) or "") > longest:
                setattr(thing, name, UNSET)


def size(line: Any) -> int:
    """About how many characters a line of a cart takes."""
    found = 50 + len(line.product_id)
    for part in (line.variant_id, line.name, line.category, line.url, line.image):
        if part:  # neither UNSET nor None
            found += len(part)
    return found
