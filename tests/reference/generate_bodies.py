"""Seeded bodies of events: what one visitor does, from a small shop, so that ids meet again."""

import random
from typing import Any

CHANNELS = ("email", "sms", "push", "messenger")
ZONES: tuple[str, ...] = (
    "Europe/Berlin",
    "Asia/Seoul",
    "America/New_York",
    "Asia/Kolkata",
    "Mars/Base",
    "UTC",
)
ZONES += ("Australia/Lord_Howe", "europe/berlin", "")
SIGNALS: tuple[str, ...] = (
    "pointer_top",
    "close_shortcut",
    "back",
    "tab_hidden",
    "scroll_up",
    "window_blur",
)
SIGNALS += ("idle", "landing_return")
LARGE = 10**15

WEIGHTS = {
    "page.viewed": 6,
    "product.viewed": 12,
    "category.viewed": 1,
    "search.performed": 3,
    "cart.updated": 10,
    "cart.item_added": 10,
    "cart.item_removed": 5,
    "checkout.started": 5,
    "checkout.advanced": 3,
    "payment.failed": 4,
    "activity.pinged": 5,
    "order.placed": 4,
    "order.cancelled": 2,
    "visitor.identified": 5,
    "consent.changed": 4,
    "exit.signal": 8,
}


class Shop:
    """What is done in one log: `carts` are the shop's own cart ids, `customers` its known names."""

    def __init__(self, pick: random.Random, carts: tuple[str, ...], customers: list[str]) -> None:
        self.pick = pick
        self.carts = carts
        self.customers = customers
        taste = {kind: pick.choice((0.2, 1, 1, 1, 3)) for kind in WEIGHTS}
        self.weights = [WEIGHTS[kind] * taste[kind] for kind in WEIGHTS]

    def body(self) -> dict[str, Any]:
        """One event's type and body."""
        pick = self.pick
        kind = pick.choices(list(WEIGHTS), self.weights)[0]
        event: dict[str, Any] = {"type": kind}
        match kind:
            case "page.viewed":
                event |= pick.choice(({}, {"page": {}}, {"page": {"path": "/", "kind": "home"}}))
            case "product.viewed":
                event["product"] = self.product()
            case "category.viewed":
                event["category"] = pick.choice(("shoes", ""))
            case "search.performed":
                event["query"] = "red shoe"
            case "cart.updated":
                event["cart"] = self.cart()
            case "cart.item_added":
                event["item"] = self.item()
            case "cart.item_removed":
                event["item"] = self.item(quantity=pick.random() < 0.2)
            case "checkout.advanced":
                event["stage"] = pick.choice(("contact", "shipping", "payment"))
            case "order.placed" | "order.cancelled":
                event["order"] = self.order(kind)
            case "consent.changed":
                chosen = pick.choice((CHANNELS, ("onsite",), ("email",), ("sms", "push"), ()))
                event |= {"channels": list(chosen), "granted": pick.random() < 0.5}
            case "visitor.identified":
                event |= self.identity()
            case "exit.signal":
                event |= self.signal()
        return event

    def item(self, *, quantity: bool = True) -> dict[str, Any]:
        pick = self.pick
        number = pick.choice((1, 1, 1, 2, 3))
        item: dict[str, Any] = {"product_id": f"p{number}"}
        if quantity:
            item["quantity"] = pick.choice((1, 1, 1, 2, 1.0, 3))
        if pick.random() < 0.1:
            item["variant_id"] = pick.choice(("red", "rød", "1"))
        if quantity and pick.random() < 0.8:
            item["price"] = pick.choice((10, 10, 9.5, 49.99, 120, 0, -5))
        if pick.random() < 0.01:
            item |= {"price": pick.choice((LARGE, -LARGE)), "quantity": 1}
        if pick.random() < 0.6:
            item["category"] = "shoes" if number < 3 else "hats"
        return item

    def product(self) -> dict[str, Any]:
        pick = self.pick
        number = pick.randrange(1, 5 if pick.random() < 0.9 else 30)
        product: dict[str, Any] = {"id": f"p{number}"}
        if pick.random() < 0.6:
            product["category"] = pick.choice(("shoes", "shoes", "hats"))
        if pick.random() < 0.6:
            product["price"] = pick.choice((5, 10, 19.99))
        return product

    def cart(self) -> dict[str, Any]:
        pick = self.pick
        cart: dict[str, Any] = {"items": [self.item() for _ in range(pick.choice((0, 1, 1, 1, 2)))]}
        if self.carts and pick.random() < 0.75:
            cart["id"] = pick.choice(self.carts)
        if pick.random() < 0.4:
            cart["version"] = pick.choice((1, 2, 3, 4, 5, 3.0, LARGE, -LARGE))
        return cart

    def order(self, kind: str) -> dict[str, Any]:
        pick = self.pick
        order: dict[str, Any] = {"id": f"o{pick.randrange(1, 9)}"}
        if kind == "order.placed" and pick.random() < 0.3 and self.carts:
            order["cart_id"] = pick.choice(self.carts)
        if pick.random() < 0.2:
            order["value"] = pick.choice((12, 12.5, LARGE))
        return order

    def identity(self) -> dict[str, Any]:
        pick = self.pick
        event: dict[str, Any] = {"customer": pick.choice(self.customers)}
        if pick.random() < 0.5:
            event["contacts"] = pick.choice(([], ["email"], ["push"], ["sms", "messenger"]))
        if pick.random() < 0.5:
            traits = {"orders": pick.choice((0, 1, 2, 3.0)), "value": pick.choice((0, 50, 200))}
            event["traits"] = {name: traits[name] for name in traits if pick.random() < 0.7}
        if pick.random() < 0.4:
            event["time_zone"] = pick.choice(ZONES)
        return event

    def signal(self) -> dict[str, Any]:
        pick = self.pick
        event: dict[str, Any] = {"signal": pick.choice(SIGNALS + ("close_shortcut",) * 3)}
        if pick.random() < 0.2:
            event["held_ms"] = pick.choice((499, 500, 4999, 5000, 499.5, -1, 1e16))
        if pick.random() < 0.1:
            event["form_focus"] = pick.random() < 0.5
        return event

    def burst(self) -> list[dict[str, Any]]:
        """Many events of a kind, one more than are kept, and the first once more."""
        pick = self.pick
        many: list[dict[str, Any]]
        match pick.randrange(4):
            case 0:
                count = pick.choice((19, 20, 21))
                many = [
                    {"type": "product.viewed", "product": {"id": f"b{n}"}} for n in range(count)
                ]
            case 1:
                count = pick.choice((9, 10, 11))
                many = [{"type": "order.placed", "order": {"id": f"x{n}"}} for n in range(count)]
            case 2:
                many = [
                    {"type": "payment.failed"},
                    {"type": "checkout.advanced", "stage": "contact"},
                ]
            case _:
                item = self.item(quantity=False)
                many = [
                    {"type": "cart.item_added", "item": {**item, "quantity": 1}},
                    {"type": "cart.item_removed", "item": item},
                ]
        return [*many, many[0]]
