"""Ids and tokens of Shopify, the same in its webhooks and in its web pixels. Source: docs/connect.md, 1.3."""

import re
from typing import Any, Final

from stream.connect.ids import identifier
from stream.connect.reading import text

IN_CHECKOUT: Final = re.compile(r"/checkouts/(?:cn|ac)/([^/?#]+)")
"""Finds the cart's token in the path of its checkout."""


def plain(value: Any) -> str | None:
    """The plain id: `gid://shopify/Cart/Z2Nw…?key=…` is `Z2Nw…`. None for a name of nobody."""
    name = text(value)
    return identifier(name.partition("?")[0]) if name is not None else None


def cart_in(path: Any) -> str | None:
    found = IN_CHECKOUT.search(path) if isinstance(path, str) else None
    return plain(found[1]) if found else None
