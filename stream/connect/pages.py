"""Finds the kind of a page, and the stage of a checkout step, by words in its name, category or path."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from stream.connect.reading import text, words
from stream.connect.translation import compact
from stream.connect.urls import path_of

KINDS: Final = (
    ("confirmation", ("confirmation", "thank you", "thankyou", "success")),
    ("confirmation", ("order received", "order complete", "order completed", "order confirmed")),
    ("confirmation", ("checkout complete", "checkout completed")),
    ("payment", ("payment",)),
    ("cart", ("checkout cart",)),
    ("checkout", ("checkout", "checkouts")),
    ("cart", ("cart", "basket", "bag")),
    ("list", ("product list", "product listing", "product category", "product categories")),
    ("product", ("product", "products", "item", "pdp")),
    ("list", ("category", "categories", "collection", "collections", "list", "catalog", "plp")),
    ("home", ("home", "homepage", "index")),
    ("other", ("other",)),
)
"""Kinds of pages and the words that name them. Later steps of a purchase come first, but for Magento's `/checkout/cart`."""

SHELVES: Final = ("product", "list")
"""What comes below them in a path is a name of the shop's: `/products/tote-bag` is no cart."""

STEPS: Final = (
    ("payment", ("payment", "pay", "billing", "review")),
    ("shipping", ("shipping", "delivery", "address", "fulfillment")),
    ("contact", ("contact", "information", "customer", "email", "account", "login", "guest")),
)

STAGES: Final = frozenset({"contact", "shipping", "payment"})


def page(path: Any = None, title: Any = None, *names: Any) -> dict[str, Any]:
    """A page in our form. `names`: the source's names for it."""
    way = path_of(path)
    kind = page_kind(*names) or _by_path(way)
    return compact(path=way, title=text(title), kind=kind)


def page_kind(*names: Any) -> str | None:
    return next((kind for name in names if (kind := _kind(words(name), KINDS))), None)


def stage(steps: Mapping[str, str], *names: Any) -> str | None:
    """The stage of a checkout step: by the source's table, else by a word in its name."""
    table = {words(step): name for step, name in steps.items()}
    plain = [words(name) for name in names]
    mapped = next((table[name] for name in plain if name in table), None)
    if mapped is not None:
        return mapped if mapped in STAGES else None
    return next((found for name in plain if (found := _kind(name, STEPS))), None)


@lru_cache(4_096)
def _by_path(way: str | None) -> str | None:
    if way is None:
        return None
    if way == "/":
        return "home"
    parts = [words(part) for part in way.replace(".", " ").split("/")]
    kinds = [_kind(part, KINDS) for part in parts]
    shelf = next((at for at, kind in enumerate(kinds) if kind in SHELVES), len(parts))
    found = _kind(" ".join(filter(None, parts[:shelf])), KINDS)
    if found is not None and found != "home":
        return found
    return next((kind for kind in SHELVES if kind in kinds), found or "other")


@lru_cache(4_096)
def _kind(name: str, table: tuple[tuple[str, tuple[str, ...]], ...]) -> str | None:
    padded = f" {name} "
    return next((kind for kind, signs in table if any(f" {w} " in padded for w in signs)), None)
