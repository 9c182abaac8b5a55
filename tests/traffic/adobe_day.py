"""A day from Adobe Commerce's storefront events and its I/O Events of quotes, orders and people."""

import json
from collections.abc import Iterator
from typing import Any, Final

from stream.connect.request import Request
from stream.connect.source import Source
from tests.contract.test_connect import key_of
from tests.traffic.joined import Told
from tests.traffic.stories import LEFT, PRICE, Scene, Shopper

SNOW: Final = "iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4"
MAGENTO: Final = "iglu:com.adobe.magento.entity"


class AdobeShopper(Shopper):
    """The page's cart has the quote's id, or a masked one for a guest."""

    SOURCES = {
        "page": Source(name="magento", kind="adobe-commerce", key_of=key_of),
        "io": Source(name="magento", kind="adobe-commerce", trust="server", key_of=key_of),
    }
    SERVERS = ("io",)
    REMINDED = {
        f"{who} {ends}": LEFT
        for who in ("guest", "member")
        for ends in ("leaves", "buys and leaves another cart", "fails to pay")
    }
    masked = False

    def __init__(self, number: int, ends: str, member: bool) -> None:
        super().__init__(number, ends, member)
        self.made: dict[int, str] = {}
        """When each order was made."""

    def views(self, second: int) -> Scene:
        return self.page(second, "product/view")

    def adds(self, second: int) -> Scene:
        yield from self.page(second, "product/add-to-cart", 2)
        yield from self._quote(second, 2)

    def removes(self, second: int) -> Scene:
        yield from self.page(second, "shopping-cart/view", 0)
        yield from self._quote(second, 0)

    def signs_in(self, second: int) -> Scene:
        customer = {"id": self.customer, "email": self.email, "updated_at": self._at(second)}
        yield from self.io(second, "customer_login", customer=customer)
        yield from self._quote(second + 1, 2, customer_id=self.customer)

    def checks_out(self, second: int) -> Scene:
        yield from self.page(second, "shopping-cart/initiate-checkout", 2)
        known = {"customer_id": self.customer, "customer_email": self.email}
        yield from self._quote(second + 30, 2, **known)

    def thanks(self, second: int, order: str) -> Scene:
        return self.page(second, "checkout/place-order", 2, se_la=order)

    def is_unpaid(self, second: int) -> Scene:
        return self._order(second, "pending_payment")

    def is_paid(self, second: int) -> Scene:
        return self._order(second, "processing")

    def is_refunded(self, second: int) -> Scene:
        return self._order(second, "closed")

    def fails(self, second: int) -> Scene:
        return self._order(second, "canceled")

    def withdraws(self, second: int) -> Scene:
        gone = {"subscriber_status": 3, "change_status_at": self._at(second)}
        who = {"subscriber_email": self.email, "customer_id": self.customer}
        return self.io(second, "newsletter_subscriber_save_commit_after", **gone, **who)

    def page(
        self, second: int, event: str, pieces: int | None = None, **fields: str
    ) -> Iterator[Told]:
        shirt = {"productSku": "100", "productName": "Shirt", "qty": pieces, "offerPrice": PRICE}
        cart_id = f"masked-{self.cart}" if self.masked and not self.member else str(self.cart)
        cart = {"cartId": cart_id, "items": [shirt] if pieces else []}
        entities = {
            "storefront-instance": {"storeViewCurrencyCode": "EUR"},
            "product": {"sku": "100", "name": "Shirt", "pricing": {"regularPrice": PRICE}},
            **({} if pieces is None else {"shopping-cart": cart}),
        }
        given = [
            {"schema": f"{MAGENTO}/{name}/jsonschema/3-0-0", "data": data}
            for name, data in entities.items()
        ]
        category, action = event.split("/")
        at = str(self.ms(second))
        names = {"e": "se", "eid": f"{self.number}-{at}-{action}", "duid": self.visitor}
        event_body = {"p": "web", "dtm": at, "stm": at, "se_ca": category, "se_ac": action}
        sent = {**names, **event_body, "co": json.dumps({"data": given}), **fields}
        body = json.dumps({"schema": SNOW, "data": [sent]}).encode()
        yield Told(self.ms(second), "page", Request("/collector/tp2", body=body))

    def io(self, second: int, name: str, **value: Any) -> Iterator[Told]:
        body = {
            "specversion": "1.0",
            "event_id": f"{self.number}-{second}-{name}",
            "type": f"com.adobe.commerce.observer.{name}",
            "time": self.iso(second),
            "data": {"value": value},
        }
        yield Told(self.ms(second), "io", Request("/", body=json.dumps(body).encode()))

    def _quote(self, second: int, pieces: int, **whose: Any) -> Iterator[Told]:
        shirt = {"sku": "100", "name": "Shirt", "price": PRICE, "qty": pieces}
        quote = {"entity_id": self.cart, "is_active": 1, "updated_at": self._at(second)}
        lines = {"items": [shirt] if pieces else [], "quote_currency_code": "EUR"}
        return self.io(second, "sales_quote_save_commit_after", **quote, **lines, **whose)

    def _order(self, second: int, state: str) -> Iterator[Told]:
        shirt = {"sku": "100", "name": "Shirt", "price": str(PRICE), "qty_ordered": 2}
        value = {"grand_total": "39.80", "order_currency_code": "EUR", "items": [shirt]}
        whose = {"customer_id": self.customer, "customer_email": self.email}
        made = self.made.setdefault(self.order, self._at(second))
        times = {"created_at": made, "updated_at": self._at(second)}
        order = {"increment_id": str(self.order), "quote_id": self.cart, "state": state}
        name = "sales_order_save_commit_after"
        return self.io(second, name, **order, **value, **whose, **times)

    def _at(self, second: int) -> str:
        return self.iso(second)[:19].replace("T", " ")


class MaskedShopper(AdobeShopper):
    """The address joins a guest's order. The page's own word of it joins nobody."""

    masked = True
    WITHOUT = ("buys, says the page",)
