"""Evaluates a visit's views and searches (sections 3 and 6)."""

from typing import Any

from tests.reference.times import SECOND

View = dict[str, Any]


def subject(views: list[View]) -> View | None:
    """The product with most dwell, ties to the latest view. `views` is oldest view first."""
    best = None
    for view in views:
        if best is None or view["dwell"] >= best["dwell"]:
            best = view
    return best


def looked(views: list[View], on_screen: str | None) -> bool:
    """Whether a product has 10s dwell or more, or 3 or more distinct products were each viewed."""
    at = [view for view in views if view["dwell"] >= SECOND or view["id"] == on_screen]
    return len(at) >= 3 or any(view["dwell"] >= 10 * SECOND for view in views)


def worth_a_reminder(views: list[View], on_screen: str | None, open_search: bool) -> bool:
    return looked(views, on_screen) or open_search


def sub_kind(views: list[View], on_screen: str | None, open_search: bool) -> str:
    if any(view["count"] >= 2 for view in views):
        return "product"
    per_category: dict[str, int] = {}
    for view in views:
        if "category" in view:
            per_category[view["category"]] = per_category.get(view["category"], 0) + view["count"]
    if any(count >= 3 for count in per_category.values()):
        return "category"
    return "search" if open_search and not looked(views, on_screen) else "recent"
