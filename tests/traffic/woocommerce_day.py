"""A day from WooCommerce's webhooks, and Segment in the browser, whose visitor the shop notes in the order."""

import json
from collections.abc import Iterator
from typing import Any, Final

from stream.connect.request import Request
from stream.connect.source import Source
from tests.contract.test_connect import key_of
from tests.traffic.joined import Told
from tests.traffic.segment_day import BACKEND, WEB, WebShopper
from tests.traffic.stories import LEFT, PRICE, UNPAID, Scene, Shopper

SHOP: Final = Source(
    name="woo", kind="woocommerce", trust="server", cart_authority=False, key_of=key_of
)
"""The tag reports carts."""


class Orders(Shopper):
    """The scenes of the webhooks. A delivery shows the order as it is when it leaves."""

    def __init__(self, number: int, ends: str, member: bool) -> None:
        super().__init__(number, ends, member)
        self.states: dict[int, list[tuple[int, str]]] = {}
        """(second, status) of each order."""

    def is_unpaid(self, second: int) -> Scene:
        return self._saved(second, "order.created", "pending")

    def is_paid(self, second: int) -> Scene:
        return self._saved(second, "order.updated", "processing")

    def is_refunded(self, second: int) -> Scene:
        return self._saved(second, "order.updated", "refunded")

    def fails(self, second: int) -> Scene:
        return self._saved(second, "order.updated", "failed")

    def _saved(self, second: int, topic: str, status: str) -> Iterator[Told]:
        visitor, order = self.visitor, self.order
        states = self.states.setdefault(order, [])
        states.append((second, status))

        def delivered(arrival: int) -> Request:
            now = max(state for state in states if self.ms(state[0]) <= arrival)
            return self.webhook(topic, self._order(order, visitor, *now))

        yield Told(self.ms(second), "woo", delivered)

    def webhook(self, topic: str, body: dict[str, Any]) -> Request:
        headers = {"x-wc-webhook-topic": topic, "x-wc-webhook-source": "https://shop.example/"}
        return Request("/", {}, headers, json.dumps(body).encode())

    def _order(self, order: int, visitor: str, second: int, status: str) -> dict[str, Any]:
        shirt = {"product_id": 100, "variation_id": 11, "name": "Shirt", "price": PRICE}
        return {
            "id": order,
            "status": status,
            "currency": "EUR",
            "total": "39.80",
            "customer_id": int(self.customer or 0),
            "billing": {"email": self.email, "phone": ""},
            "date_modified_gmt": self.iso(second)[:19],
            "line_items": [{**shirt, "quantity": 2}],
            "meta_data": [{"key": "_storefront_visitor", "value": visitor}],
        }


class WooSegmentShopper(Orders, WebShopper):
    SOURCES = {"web": WEB, "backend": BACKEND, "woo": SHOP}
    SERVERS = ("backend", "woo")
    REMINDED = {
        f"{who} {ends}": reminder
        for who in ("guest", "member")
        for ends, reminder in (
            ("leaves", LEFT),
            ("buys and leaves another cart", LEFT),
            ("fails to pay", UNPAID),
        )
    }
