"""Ids, tokens and paths of Shopify, the same in its webhooks and in its web pixels. Source: docs/connect.md, 1.3."""

import re
from typing import Any, Final

from stream.connect.ids import identifier
from stream.connect.reading import text

IN_CHECKOUT: Final = re.compile(r"/checkouts/(?:cn|ac)/([^/?#]+)")
"""Finds the cart's token in the path of its checkout."""

KINDS: Final = {"products": "product", "collections": "list", "cart": "cart"}
"""Parts of a path that say what a page shows. What somebody named a product, such as gym-bag, says nothing."""

LOCALE: Final = re.compile(r"[a-z]{2}(-[a-z]{2,4})?", re.IGNORECASE | re.ASCII)
"""The first part of a path in a shop with several languages or markets: `/en-ca/products/lamp`."""


def page_kind(path: str) -> str | None:
    """The kind of a page by its path, which Shopify sets. None without a path."""
    parts = [part for part in path.split("/") if part]
    if "/checkouts/" in path:
        return "confirmation" if "/thank" in path else "checkout"
    if parts and LOCALE.fullmatch(parts[0]):
        del parts[0]
    if not parts:
        return "home" if path else None
    named = [KINDS[part] for part in ("products", "collections", "cart") if part in parts]
    return next(iter(named), "confirmation" if "/thank" in path else "other")


def plain(value: Any) -> str | None:
    """The plain id: `gid://shopify/Cart/Z2Nw…?key=…` is `Z2Nw…`. None for a name of nobody."""
    name = text(value)
    return identifier(name.partition("?")[0]) if name is not None else None


def cart_in(path: Any) -> str | None:
    found = IN_CHECKOUT.search(path) if isinstance(path, str) else None
    return plain(found[1]) if found else None
