"""Days from GA4's tag in the browser, with orders from WooCommerce's webhooks or from the Measurement Protocol."""

import json
from collections.abc import Iterator
from typing import Any, Final

from stream.connect.request import Request
from stream.connect.source import Source
from tests.contract.test_connect import key_of
from tests.traffic.joined import Told
from tests.traffic.stories import LEFT, PRICE, Scene, Shopper
from tests.traffic.woocommerce_day import SHOP, Orders, WooSegmentShopper

TAG: Final = Source(name="tag", kind="ga4", key_of=key_of)
PROTOCOL: Final = Source(name="tag", kind="ga4", trust="server", key_of=key_of)
SHIRT: Final = {"item_id": "100", "item_variant": "11", "price": PRICE, "quantity": 2}
UNREACHED: Final = LEFT.replace("['email']", "['email', 'sms', 'push', 'messenger']")
"""The reminder of a customer of whom only an id is known."""


class TagShopper(Shopper):
    """The scenes of gtag. A login comes from the shop's server."""

    hits = 0

    def views(self, second: int) -> Scene:
        return self.tag(second, "view_item")

    def adds(self, second: int) -> Scene:
        yield from self.tag(second, "add_to_cart")
        yield from self.tag(second + 10, "view_cart")

    def removes(self, second: int) -> Scene:
        return self.tag(second, "remove_from_cart")

    def checks_out(self, second: int) -> Scene:
        yield from self.tag(second, "begin_checkout")
        yield from self.tag(second + 20, "add_payment_info")

    def thanks(self, second: int, order: str) -> Scene:
        return self.tag(second, "purchase", **{"ep.transaction_id": order, "epn.value": "39.8"})

    def signs_in(self, second: int) -> Scene:
        return self.protocol(second, "login", self.visitor)

    def tag(self, second: int, name: str, **parameters: str) -> Iterator[Told]:
        self.hits += 1
        page = {"v": "2", "tid": "G-1", "cid": self.visitor, "_p": "1", "_s": str(self.hits)}
        query = {**page, "en": name, "cu": "EUR", "pr1": f"id100~va11~pr{PRICE}~qt2", **parameters}
        yield Told(self.ms(second), "tag", Request("/g/collect", query))

    def protocol(self, second: int, name: str, client: str, **parameters: Any) -> Iterator[Told]:
        body = {
            "client_id": client,
            "user_id": self.customer,
            "timestamp_micros": self.ms(second) * 1_000,
            "events": [{"name": name, "params": parameters}],
        }
        request = Request("/mp/collect", body=json.dumps(body).encode())
        yield Told(self.ms(second), "protocol", request)


class WooGa4Shopper(Orders, TagShopper):
    """The shop's own webhook tells the address of a customer."""

    SOURCES = {"tag": TAG, "protocol": PROTOCOL, "woo": SHOP}
    SERVERS = ("protocol", "woo")
    REMINDED = WooSegmentShopper.REMINDED
    WITHOUT = ("withdraws consent",)

    def signs_in(self, second: int) -> Scene:
        yield from super().signs_in(second)
        modified = self.iso(second)[:19]
        body = {"id": self.customer, "email": self.email, "date_modified_gmt": modified}
        yield Told(self.ms(second), "woo", self.webhook("customer.updated", body))


class ProtocolShopper(TagShopper):
    """A server that passes the shopper's own client id on. It reports orders and their end alone."""

    SOURCES = {"tag": TAG, "protocol": PROTOCOL}
    SERVERS = ("protocol",)
    REMINDED = {
        f"member {ends}": UNREACHED
        for ends in ("leaves", "buys and leaves another cart", "fails to pay")
    }
    WITHOUT = ("withdraws consent",)

    def client(self) -> str:
        return self.visitor

    def is_paid(self, second: int) -> Scene:
        facts = {"value": 39.8, "currency": "EUR", "items": [SHIRT]}
        order = str(self.order)
        return self.protocol(second, "purchase", self.client(), transaction_id=order, **facts)

    def is_refunded(self, second: int) -> Scene:
        return self.protocol(second, "refund", self.client(), transaction_id=str(self.order))


class InventedClientShopper(ProtocolShopper):
    """A server that invents a client id for each order. The customer's id joins a member's orders; a guest's join nobody."""

    def client(self) -> str:
        return f"{self.order}.1"
