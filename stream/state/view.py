"""A product that a visitor viewed in the visit. Source: docs/semantics.md, 3, "Views". Times are in ms."""

from msgspec import Struct


class View(Struct, array_like=True, gc=False, omit_defaults=True):
    """One viewed product: how often and how long (ms) it was on screen, when it was last, and its data."""

    id: str
    count: int
    dwell: int
    at: int
    event: str
    name: str | None = None
    category: str | None = None
    price: float | None = None
    url: str | None = None
    image: str | None = None


class ViewSummary(Struct, array_like=True, gc=False):
    """A view without the product's texts, which are most of its bytes. Only the subject keeps them."""

    id: str
    count: int
    dwell: int
    at: int
    event: str
    category: str | None = None
