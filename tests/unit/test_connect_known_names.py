"""The name that is nearest to one for which a source has no row."""

import pytest

from stream.connect.known_names import KNOWN, nearest
from stream.connect.registry import REGISTRY
from stream.connect.source import Source


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [
        ("segment", "Prodct Viewed", "product viewed"),
        ("segment", "trak", "track"),
        ("posthog", "$page_leave", "$pageleave"),
        ("matomo", "Order Complete", "order completed"),
        ("ga4", "begin_checkot", "begin_checkout"),
        ("snowplow", "product_viewed", "product_view"),
        ("shopify-pixel", "checkout_complete", "checkout_completed"),
        ("woocommerce", "status procesing", "processing"),
        ("adobe-commerce", "product/views", "product/view"),
        ("adobe-commerce", "status cancelled", "canceled"),
        ("cloudevents", "cart.item_add", "cart.item_added"),
    ],
)
def test_a_slip_of_the_pen_has_a_nearest_name(kind: str, name: str, expected: str) -> None:
    assert nearest(name, Source(name="s", kind=kind)) == expected


def test_the_shops_own_names_are_known_too() -> None:
    source = Source(name="s", kind="segment", events={"Wheel Spun": "ignore"})
    assert nearest("wheel_spin", source) == "Wheel Spun"


def test_a_name_that_means_something_else_has_no_nearest_one() -> None:
    assert nearest("Wheel Spun", Source(name="s", kind="segment")) is None
    assert nearest("products/create", Source(name="s", kind="shopify")) is None


def test_only_known_kinds_have_known_names() -> None:
    assert KNOWN.keys() <= REGISTRY.keys()
