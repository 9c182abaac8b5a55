"""A day of a Shopify shop from its two senders: the pixel, with visitors, and webhooks, without.

Requests have Shopify's format.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from stream.connect.request import Request
from stream.connect.source import Source
from tests.contract.test_connect import key_of
from tests.traffic.joined import MINUTE, NINE, Told

CHECKOUT: Final = 150
"""The second of a story at which the checkout begins."""

AWAY: Final = 180 * MINUTE
CART: Final = "Z2NwLWV1cm9wZTE6"
"""The prefix of cart tokens."""

SOURCES: Final = {
    "shopify": Source(name="shop", kind="shopify", trust="server", key_of=key_of),
    "shopify-pixel": Source(
        name="pixel", kind="shopify-pixel", cart_authority=False, key_of=key_of
    ),
}


class Shopper:
    """One visitor of the shop, with a cart of two shirts. `ends`: one of ENDS, MORE or BACK."""

    def __init__(self, number: int, ends: str) -> None:
        self.number, self.ends = number, ends
        self.start = NINE + number * 7 * MINUTE
        self.client = f"7a9c2d41-55aa-4b7e-8c1d-{number:012d}"
        self.cart = None if ends == "buys now" else f"{CART}{number:04d}"
        self.token = f"{number:032x}"
        self.email = f"shopper-{number}@shop-mail.de"
        self.order = 5_000_000 + number

    @property
    def member(self) -> bool:
        """Whether the shop knows the shopper as a customer."""
        return self.ends.startswith("member")

    def _ms(self, second: int) -> int:
        """The time of a second of the story. Who comes back has left the cart for hours before the checkout."""
        away = AWAY if self.ends in BACK and second >= CHECKOUT else 0
        return self.start + second * 1000 + away

    def day(self) -> list[Told]:
        carts = [] if self.cart is None else self._carts()
        if self.ends == "empties":
            return [*self._browsing(), *carts, self._emptied(400)]
        orders = [] if self.ends.endswith("leaves") else self._orders()
        people = self._customer() if self.member else []
        return [*self._browsing(), *carts, *self._checkout(), *people, *orders, *self._after()]

    def _browsing(self) -> Iterator[Told]:
        yield self._pixel(0, "page_viewed", "/", {})
        yield self._pixel(20, "product_viewed", "/products/shirt", {"productVariant": VARIANT})

    def _carts(self) -> Iterator[Told]:
        lines = [{"quantity": 2, "merchandise": VARIANT}]
        cart = {"id": f"gid://shopify/Cart/{self.cart}?key=k", "lines": lines}
        yield self._pixel(60, "product_added_to_cart", "/products/shirt", {"cartLine": lines[0]})
        yield self._hook(60, "carts/create", {**self._cart(1), "created_at": self._at(60)})
        yield self._hook(90, "carts/update", self._cart(2))
        yield self._pixel(120, "cart_viewed", "/cart", {"cart": cart})

    def _checkout(self) -> Iterator[Told]:
        checkout = {"token": self.token, "email": self.email}
        path = "/checkouts/cn/" + (self.cart or self.token)
        yield self._pixel(CHECKOUT, "checkout_started", path, {"checkout": {"token": self.token}})
        yield self._hook(CHECKOUT, "checkouts/create", self._of_checkout())
        yield self._pixel(200, "checkout_contact_info_submitted", path, {"checkout": checkout})
        yield self._hook(201, "checkouts/update", {**self._of_checkout(), "email": self.email})

    def _orders(self) -> Iterator[Told]:
        total = {"amount": 39.8, "currencyCode": "EUR"}
        order = {"id": f"gid://shopify/Order/{self.order}"}
        done = {"token": self.token, "email": self.email, "totalPrice": total, "order": order}
        if self.number % 3:  # a thank-you page that does not load tells nothing
            yield self._pixel(300, "checkout_completed", "/thank-you", {"checkout": done})
        for topic in ("orders/create", "orders/paid"):
            yield self._hook(300, topic, self._of_order())

    def _customer(self) -> Iterator[Told]:
        consent = {"state": "subscribed", "consent_updated_at": self._at(202)}
        known = {"id": 900 + self.number, "email": self.email, "email_marketing_consent": consent}
        told = {**known, "created_at": self._at(202), "phone": None, "currency": "EUR"}
        yield self._hook(202, "customers/create", told)
        yield self._hook(203, "customers/update", {**told, "orders_count": 0, "total_spent": "0"})

    def _after(self) -> Iterator[Told]:
        """What a shop tells of an order later: the emptied cart, changes, its end."""
        if self.ends in ("buys and empties", "member buys"):
            yield self._emptied(301)
            yield self._hook(302, "orders/updated", self._of_order())
        if self.ends == "cancels":
            ended = {**self._of_order(), "cancelled_at": self._at(900)}
            yield self._hook(900, "orders/cancelled", {**ended, "financial_status": "refunded"})
            yield self._hook(901, "orders/updated", {**ended, "financial_status": "refunded"})

    def _emptied(self, second: int) -> Told:
        return self._hook(second, "carts/update", {**self._cart(0), "line_items": []})

    def _cart(self, quantity: int) -> dict[str, Any]:
        return {"id": self.cart, "token": self.cart, "line_items": [line(quantity)]}

    def _of_checkout(self) -> dict[str, Any]:
        return {
            "id": self.order + 7,
            "token": self.token,
            "cart_token": self.cart,
            "email": None,
            "gateway": None,
            "shipping_lines": [],
            "line_items": [line(2)],
            "currency": "EUR",
            "completed_at": None,
            **self._whose(),
        }

    def _of_order(self) -> dict[str, Any]:
        return {
            "id": self.order,
            "cart_token": self.cart,
            "checkout_token": self.token,
            "email": self.email,
            "created_at": self._at(300),
            "current_total_price": "39.80",
            "currency": "EUR",
            "test": False,
            "line_items": [line(2)],
            **self._whose(),
        }

    def _whose(self) -> dict[str, Any]:
        return {"customer": {"id": 900 + self.number, "email": self.email}} if self.member else {}

    def _at(self, second: int) -> str:
        return datetime.fromtimestamp(self._ms(second) / 1000, UTC).isoformat()

    def _hook(self, second: int, topic: str, body: dict[str, Any]) -> Told:
        headers = {
            "x-shopify-topic": topic,
            "x-shopify-event-id": f"{self.number}-{second}-{topic}",
            "x-shopify-triggered-at": self._at(second),
        }
        given = json.dumps({**body, "updated_at": self._at(second)}).encode()
        return Told(self._ms(second), "shopify", Request("/", {}, headers, given))

    def _pixel(self, second: int, name: str, path: str, data: dict[str, Any]) -> Told:
        where = {"location": {"pathname": path, "href": f"https://shop.example{path}"}}
        body = {
            "id": f"px-{self.number}-{second}",
            "name": name,
            "clientId": self.client,
            "timestamp": self._at(second),
            "sentAt": self._at(second),
            "context": {"document": where},
            "data": data,
        }
        given = Request("/", {}, {}, json.dumps(body).encode())
        return Told(self._ms(second), "shopify-pixel", given)


VARIANT: Final[dict[str, Any]] = {
    "id": "11",
    "price": {"amount": 19.9, "currencyCode": "EUR"},
    "product": {"id": "100", "title": "Shirt", "type": "Shirts", "url": "/products/shirt"},
}


def line(quantity: int) -> dict[str, Any]:
    money = {"shop_money": {"amount": "19.90", "currency_code": "EUR"}}
    return {
        "product_id": 100,
        "variant_id": 11,
        "quantity": quantity,
        "title": "Shirt",
        "price": "19.90",
        "price_set": money,
    }


ENDS: Final = ("buys", "leaves", "buys now")
BACK: Final = ("comes back and buys", "member comes back and buys")
MORE: Final = ("member buys", "member leaves", "buys and empties", "empties", "cancels")


def day(shoppers: int, ends: tuple[str, ...] = ENDS) -> list[Told]:
    """The requests of a day by event time."""
    told = [each for n in range(shoppers) for each in Shopper(n, ends[n % len(ends)]).day()]
    return sorted(told, key=lambda each: each.t)
