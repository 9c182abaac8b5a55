"""A day from Snowplow's e-commerce events, out of a trusted stream, and commercetools' messages of orders."""

import json
from collections.abc import Iterator
from typing import Any, Final

from stream.connect.request import Request
from stream.connect.source import Source
from tests.contract.test_connect import key_of
from tests.traffic.joined import Told
from tests.traffic.stories import LEFT, PRICE, Scene, Shopper

SNOW: Final = "iglu:com.snowplowanalytics.snowplow"
SHIRT: Final = {"id": "100", "variant": "11", "price": PRICE, "currency": "EUR", "quantity": 2}
PRODUCT: Final = ("product", SHIRT)


class SnowplowShopper(Shopper):
    """The scenes of the trackers: each event with its entities."""

    def views(self, second: int) -> Scene:
        return self.snow(second, "product_view", PRODUCT)

    def adds(self, second: int) -> Scene:
        return self.snow(second, "add_to_cart", PRODUCT, self._cart())

    def removes(self, second: int) -> Scene:
        return self.snow(second, "remove_from_cart", PRODUCT, self._cart())

    def signs_in(self, second: int) -> Scene:
        user = {"id": self.customer, "is_guest": False, "email": self.email}
        return self.snow(second, "product_view", PRODUCT, ("user", user))

    def checks_out(self, second: int) -> Scene:
        user = {"id": self.customer or "guest", "is_guest": not self.member, "email": self.email}
        yield from self.snow(second, "checkout_step", ("checkout_step", {"step": 1}), self._cart())
        step = ("checkout_step", {"step": 2})
        yield from self.snow(second + 20, "checkout_step", step, ("user", user))

    def thanks(self, second: int, order: str) -> Scene:
        sold = {"transaction_id": order, "revenue": 2 * PRICE, "currency": "EUR"}
        return self.snow(second, "transaction", ("transaction", sold), PRODUCT)

    def withdraws(self, second: int) -> Scene:
        told = {"eventType": "deny_all", "consentScopes": []}
        return self._tracked(second, f"{SNOW}/consent_preferences/jsonschema/1-0-0", told)

    def snow(self, second: int, action: str, *entities: tuple[str, Any]) -> Iterator[Told]:
        schema = f"{SNOW}.ecommerce/snowplow_ecommerce_action/jsonschema/1-0-2"
        return self._tracked(second, schema, {"type": action}, *entities)

    def _cart(self) -> tuple[str, Any]:
        return "cart", {"cart_id": f"ca-{self.cart}", "total_value": 2 * PRICE, "currency": "EUR"}

    def _tracked(
        self, second: int, schema: str, data: Any, *entities: tuple[str, Any]
    ) -> Iterator[Told]:
        at = str(self.ms(second))
        given = [
            {"schema": f"{SNOW}.ecommerce/{name}/jsonschema/1-0-0", "data": entity}
            for name, entity in entities
        ]
        event = {
            "e": "ue",
            "eid": f"{self.number}-{at}-{schema}",
            "p": "web",
            "duid": self.visitor,
            "dtm": at,
            "stm": at,
            "ue_pr": json.dumps({"data": {"schema": schema, "data": data}}),
            "co": json.dumps({"data": given}),
        }
        body = json.dumps({"schema": f"{SNOW}/payload_data/jsonschema/1-0-4", "data": [event]})
        yield Told(self.ms(second), "snow", Request("/i", body=body.encode()))


class CommercetoolsShopper(SnowplowShopper):
    """The messages of orders. The storefront uses the tracker's id as `anonymousId`.

    A failed payment takes the order back, but its message names no visitor: the cart is not shown again.
    """

    SOURCES = {
        "snow": Source(
            name="snow",
            kind="snowplow",
            trust="server",
            consent={"News": ["email", "sms", "push", "messenger"]},
            key_of=key_of,
        ),
        "ct": Source(name="ct", kind="commercetools", trust="server", key_of=key_of),
    }
    SERVERS = ("ct",)
    REMINDED = {
        f"{who} {ends}": LEFT
        for who in ("guest", "member")
        for ends in ("leaves", "buys and leaves another cart")
    }
    names_the_visitor = True

    def signs_in(self, second: int) -> Scene:
        yield from super().signs_in(second)
        customer = {"id": self.customer, "email": self.email}
        yield from self._message(second, "CustomerCreated", "customer", customer=customer)

    def is_paid(self, second: int) -> Scene:
        before = "Failed" if self.ends == "pays at the second try" else "Pending"
        if before == "Pending":
            yield from self._created(second)
        yield from self._payment(second + 1, "Paid", before)

    def fails(self, second: int) -> Scene:
        yield from self._created(second - 10)
        yield from self._payment(second, "Failed", "Pending")

    def is_refunded(self, second: int) -> Scene:
        return self._message(second, "OrderStateChanged", "order", orderState="Cancelled")

    def _payment(self, second: int, state: str, before: str) -> Scene:
        states = {"paymentState": state, "oldPaymentState": before}
        return self._message(second, "OrderPaymentStateChanged", "order", **states)

    def _created(self, second: int) -> Scene:
        price = {"currencyCode": "EUR", "fractionDigits": 2}
        value = {**price, "centAmount": 1_990}
        shirt = {"productId": "100", "variant": {"sku": "11"}, "price": {"value": value}}
        order = {
            "id": f"o-{self.order}",
            "orderNumber": str(self.order),
            "anonymousId": self.visitor if self.names_the_visitor else None,
            "customerId": self.customer,
            "customerEmail": self.email,
            "cart": {"typeId": "cart", "id": f"ca-{self.cart}"},
            "totalPrice": {**price, "centAmount": 3_980},
            "lineItems": [{**shirt, "quantity": 2}],
        }
        return self._message(second, "OrderCreated", "order", order=order)

    def _message(self, second: int, type: str, of: str, **body: Any) -> Iterator[Told]:
        message = {
            "notificationType": "Message",
            "id": f"{self.number}-{second}-{type}",
            "type": type,
            "createdAt": self.iso(second),
            "resource": {"typeId": of, "id": f"o-{self.order}"},
            **body,
        }
        yield Told(self.ms(second), "ct", Request("/", body=json.dumps(message).encode()))


class CartOnlyShopper(CommercetoolsShopper):
    """The storefront has sessions of its own: the cart's id joins the order.

    A failed payment that comes before its order ends like a paid one, so that who fails to pay may get a reminder or none.
    """

    names_the_visitor = False
    WITHOUT = ("fails to pay",)
