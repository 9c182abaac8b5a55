"""Seeded bodies of events of a visitor, from a small shop so that ids repeat."""

import copy
import random
from typing import Any

from tests.reference.generate_names import Cast, as_number, nobody

CHANNELS = ("email", "sms", "push", "messenger")
ZONES: tuple[Any, ...] = ("Europe/Berlin", "Asia/Seoul", "America/New_York", "Asia/Kolkata")
ZONES += ("Mars/Base", "UTC", "Australia/Lord_Howe", "europe/berlin", "", None, 1)
SIGNALS: tuple[str, ...] = ("pointer_top", "close_shortcut", "back", "tab_hidden", "scroll_up")
SIGNALS += ("window_blur", "idle", "landing_return")
PAGES = ("home", "list", "cart", "payment", "payment", "confirmation", "attic", None)
LISTS: tuple[Any, ...] = ("all", [], [None], ["fax"], ["fax", "email"], ["onsite"], ["email"])
LISTS += (["sms", "push"], [*CHANNELS], ["email", 7], "email", ["email", "email"])
QUANTITIES: tuple[Any, ...] = (1, 1, 1, 1, 2, 1.0, 3, 0.5, "2", 0.1, 0.2)
ODD_QUANTITIES: tuple[Any, ...] = (0, -1, 1e-7, 4e-7, None, "x", "-1", "0.5", 10**15 + 1, 1.0000004)
LARGE = 10**15

WEIGHTS = {
    "page.viewed": 6,
    "product.viewed": 12,
    "category.viewed": 1,
    "search.performed": 3,
    "cart.updated": 12,
    "cart.item_added": 8,
    "cart.item_removed": 5,
    "checkout.started": 4,
    "checkout.advanced": 3,
    "payment.failed": 5,
    "activity.pinged": 5,
    "order.placed": 5,
    "order.cancelled": 2,
    "visitor.identified": 5,
    "consent.changed": 4,
    "exit.signal": 8,
}


class Shop:
    """The bodies of one log."""

    def __init__(self, cast: Cast) -> None:
        self.pick: random.Random = cast.pick
        self.cast = cast
        taste = {kind: self.pick.choice((0.2, 1, 1, 1, 3)) for kind in WEIGHTS}
        self.weights = [WEIGHTS[kind] * taste[kind] for kind in WEIGHTS]
        self.currencies = self.pick.choice(((), (), ("EUR",), ("EUR", "eur", "USD", "", None)))
        self.shown: list[dict[str, Any]] = []

    def body(self, kind: str | None = None) -> dict[str, Any]:
        """The type and body of one event."""
        pick = self.pick
        kind = kind or pick.choices(list(WEIGHTS), self.weights)[0]
        event: dict[str, Any] = {"type": kind}
        match kind:
            case "page.viewed":
                page = {"path": "/", "kind": pick.choice(PAGES)}
                event |= pick.choice(({}, {"page": {}}, {"page": page}, {"page": page}))
            case "product.viewed":
                event["product"] = self.product()
            case "category.viewed":
                event["category"] = pick.choice(("shoes", "", 77, "77"))
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
            case "payment.failed":
                event |= pick.choice(({}, {}, {"order": self.failed()}, {"order": self.failed()}))
            case "order.placed" | "order.cancelled":
                event["order"] = self.order(kind)
            case "consent.changed":
                channels, granted = pick.choice(LISTS), pick.random() < 0.4
                event |= {"channels": copy.deepcopy(channels), "granted": granted}
            case "visitor.identified":
                event |= self.identity()
            case "exit.signal":
                event |= self.signal()
        return event

    def item(self, *, quantity: bool = True) -> dict[str, Any]:
        pick = self.pick
        number = pick.choice((1, 1, 1, 2, 3))
        item: dict[str, Any] = {"product_id": pick.choice((f"p{number}", f"p{number}", number))}
        if quantity and pick.random() < 0.9:
            odd = pick.random() < 0.06
            item["quantity"] = pick.choice(ODD_QUANTITIES if odd else QUANTITIES)
        if pick.random() < 0.1:
            item["variant_id"] = pick.choice(("red", "rød", "1", 1, None, "null"))
        if quantity and pick.random() < 0.8:
            item["price"] = pick.choice((10, 10, 9.5, 49.99, 120, 0, -5, "12.50", 0.005, None))
        if quantity and self.currencies and pick.random() < 0.3:
            item["currency"] = pick.choice(self.currencies)
        if pick.random() < 0.01:
            item |= {"price": pick.choice((LARGE, -LARGE)), "quantity": 1}
        if pick.random() < 0.6:
            item["category"] = "shoes" if number < 3 else pick.choice(("hats", 77, "77"))
        return item

    def product(self) -> dict[str, Any]:
        pick = self.pick
        number = pick.randrange(1, 5 if pick.random() < 0.9 else 30)
        product: dict[str, Any] = {"id": f"p{number}"}
        if pick.random() < 0.6:
            product["category"] = pick.choice(("shoes", "shoes", "hats", 77, None))
        if pick.random() < 0.6:
            product["price"] = pick.choice((5, 10, 19.99, "7.5"))
        return product

    def cart(self) -> dict[str, Any]:
        """A whole cart, often one that any visitor showed before."""
        pick = self.pick
        if self.shown and pick.random() < 0.4:
            cart = copy.deepcopy(pick.choice(self.shown[-4:]))
            self._changed(cart)
        else:
            count = pick.choice((0, 1, 1, 1, 2, 3))
            cart = {"items": [self.item() for _ in range(count)]}
            if self.cast.carts and pick.random() < 0.75:
                cart["id"] = as_number(pick, pick.choice(self.cast.carts))
        if pick.random() < 0.3:
            cart["version"] = pick.choice((1, 2, 3, 4, 5, 3.0, "2", "4.0", LARGE, -LARGE, None))
        if self.currencies and pick.random() < 0.5:
            cart["currency"] = pick.choice(self.currencies)
        self.shown.append(copy.deepcopy(cart))
        return cart

    def _changed(self, cart: dict[str, Any]) -> None:
        """Varies a repeated cart: a new id, part of it, empty, another quantity."""
        pick, kind = self.pick, self.pick.random()
        if kind < 0.2 and self.cast.carts:
            cart["id"] = pick.choice(self.cast.carts)
        elif kind < 0.3:
            cart["items"] = []
        elif kind < 0.4:
            cart["items"] = cart["items"][1:]
        elif kind < 0.5 and cart["items"]:
            cart["items"][0]["quantity"] = pick.choice(QUANTITIES)
        elif kind < 0.6:
            cart["items"].append(self.item())

    def order_id(self) -> Any:
        pick = self.pick
        if pick.random() < 0.06:
            return pick.choice((nobody(pick), "guest", 0, None, "event:null"))
        return pick.choice((f"o{pick.randrange(1, 9)}", pick.randrange(1, 4)))

    def order(self, kind: str) -> dict[str, Any]:
        pick = self.pick
        order: dict[str, Any] = {"id": self.order_id()}
        if kind == "order.placed":
            if pick.random() < 0.05:
                del order["id"]
            if pick.random() < 0.4 and self.cast.carts:
                order["cart_id"] = pick.choice((*self.cast.carts, *self.cast.carts, "other", None))
            if pick.random() < 0.12:
                order["recurring"] = pick.choice((True, True, False, None, "true"))
        if pick.random() < 0.2:
            order["value"] = pick.choice((12, 12.5, LARGE, "4,245.42", None))
        return order

    def failed(self) -> dict[str, Any]:
        pick = self.pick
        order: dict[str, Any] = {"id": self.order_id()}
        if pick.random() < 0.15:
            order["recurring"] = pick.choice((True, False, None))
        if pick.random() < 0.1:
            del order["id"]
        return order

    def identity(self) -> dict[str, Any]:
        pick = self.pick
        event: dict[str, Any] = {"customer": as_number(pick, pick.choice(self.cast.customers))}
        if pick.random() < 0.3:
            event["keys"] = self.cast.keys()
            if pick.random() < 0.6:
                del event["customer"]
        if pick.random() < 0.5:
            contacts: Any = ([], [], ["email"], ["push"], ["sms", "messenger"], ["fax"], ["onsite"])
            event["contacts"] = list(pick.choice((*contacts, ["email", "fax"], [7])))
        if pick.random() < 0.5:
            orders, value = pick.choice((0, 1, 2, 3.0, "2", 1.5)), pick.choice((0, 50, 200, "50"))
            traits = {"orders": orders, "value": value}
            event["traits"] = {name: traits[name] for name in traits if pick.random() < 0.7}
        if pick.random() < 0.4:
            event["time_zone"] = pick.choice(ZONES)
        return event

    def signal(self) -> dict[str, Any]:
        pick = self.pick
        event: dict[str, Any] = {"signal": pick.choice(SIGNALS + ("close_shortcut",) * 3)}
        if pick.random() < 0.2:
            event["held_ms"] = pick.choice((499, 500, 4999, 5000, 499.5, -1, 1e16, "499"))
        if pick.random() < 0.1:
            event["form_focus"] = pick.choice((True, False, None, 1))
        return event
