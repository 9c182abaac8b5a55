"""One simulated shopper: its devices, account and cart, and the events that they send.

A shopper's clock, `now` (ms), only moves forward, so its events are in order of time.
"""

from random import Random
from typing import Any, Final

from agents.simulator.catalogue import DESKTOP, HOMES, HOST, NAMES, PHONE, Article, DeviceKind

Timed = tuple[int, dict[str, Any]]
"""(the broker's time in ms, event)."""

CHANNELS: Final = ("email", "sms", "push", "messenger")


class Device:
    """A browser. `visitor`: the id in its cookie · `customer`: set while somebody is logged in."""

    __slots__ = ("context", "customer", "kind", "visitor")

    def __init__(self, kind: DeviceKind, owner: str, locale: str) -> None:
        self.kind = kind
        self.visitor = f"{kind.name}-{owner}"
        self.customer: str | None = None
        self.context = {"user_agent": kind.agent, "screen": kind.screen, "locale": locale}


class Shopper:
    """A shopper. `whole_carts`: the shop sends whole carts with id and version, otherwise single items.

    `bought`: the id of the order of this visit · `email`, `phone`: the keyed hashes of the shopper's addresses ·
    `mailed`: the device on which the shopper gave the address.
    """

    __slots__ = (
        "bought", "cart_id", "customer", "device", "devices", "email", "lines", "mailed", "now", "orders", "phone",
        "random", "version", "whole_carts", "zone",
    )  # fmt: skip

    def __init__(self, seed: int, number: int, arrival: int) -> None:
        self.random = random = Random(seed << 40 | number)
        self.now = arrival
        owner = f"{seed}-{number}"
        self.zone, locale = random.choice(HOMES)
        kinds = (PHONE, DESKTOP) if random.random() < 0.6 else (DESKTOP, PHONE)
        self.devices = [Device(kind, owner, locale) for kind in kinds]
        self.device = self.devices[0]
        self.customer = f"{random.choice(NAMES)}-{owner}" if random.random() < 0.55 else None
        self.orders = random.choice((0, 0, 1, 2, 5))
        self.email, self.phone = (f"{random.getrandbits(128):032x}" for _ in range(2))
        self.mailed: Device | None = None
        self.bought: str | None = None
        self.whole_carts = random.random() < 0.5
        self.cart_id = f"cart-{owner}"
        self.version = 0
        self.lines: dict[tuple[str, str], tuple[Article, int]] = {}

    def chance(self, share: float) -> bool:
        """True with this probability."""
        return self.random.random() < share

    def wait(self, least: float, most: float) -> None:
        """Moves the clock on by `least` to `most` seconds, more often by few than by many."""
        draw = self.random.random()
        self.now += int(1000 * (least + (most - least) * draw * draw))

    def event(self, type: str, **body: Any) -> Timed:
        """An event of the browser, with its clock and its context."""
        random, device = self.random, self.device
        event = {
            "id": f"{random.getrandbits(96):024x}",
            "type": type,
            "visitor": device.visitor,
            "client_time": self.now - 20 - int(random.random() * 400),
        }
        if device.customer is not None:
            event["customer"] = device.customer
        event.update(body)
        event["context"] = device.context
        return self.now, event

    def server_event(self, type: str, **body: Any) -> Timed:
        """An event of the shop's server, which has no browser and no client's clock."""
        event = {"id": f"{type}/{self.random.getrandbits(64):016x}", "type": type}
        event["visitor"] = self.device.visitor
        if self.device.customer is not None:
            event["customer"] = self.device.customer
        return self.now, event | body | {"context": {"source": "orders", "host": HOST}}

    def order_of_a_server(self, order: dict[str, Any]) -> Timed:
        """An order of a server that knows no visitor: it names only the cart, or only the address."""
        if self.whole_carts and not (self.mailed is self.device and self.chance(0.5)):
            return self._by_key("order.placed", {"cart": self.cart_id}, order=order)
        return self._by_key("order.placed", {"email": self.email}, order=order)

    @property
    def is_known_to_a_server(self) -> bool:
        """Whether a server and the browser know the same cart or address."""
        return (self.whole_carts and self.version > 0) or self.mailed is self.device

    def _by_key(self, type: str, keys: dict[str, str], **body: Any) -> Timed:
        event = {"id": f"{type}/{self.random.getrandbits(64):016x}", "type": type, "keys": keys}
        return self.now, event | body | {"context": {"source": "orders", "host": HOST}}

    def give_contact(self) -> dict[str, Any]:
        """The keys that a guest gives at the checkout: of the e-mail address, and sometimes of the phone number."""
        self.mailed = self.device
        return {"email": self.email} | ({"phone": self.phone} if self.chance(0.3) else {})

    def logout(self) -> Timed:
        """Logs the customer out. The browser loses the account's cart, and somebody else may use it next."""
        t, event = self.event("visitor.identified")
        event["customer"] = None
        self.device.customer = self.mailed = None
        self.new_cart()
        return t, event

    def login(self) -> Timed:
        """Logs the customer in. The event has traits, and mostly contacts, time zone and e-mail key of the account."""
        random = self.random
        self.device.customer = self.customer
        body: dict[str, Any] = {"traits": {"orders": self.orders, "value": 84.5 * self.orders}}
        if random.random() < 0.9:
            body["contacts"] = ["email", *random.sample(CHANNELS[1:], random.choice((0, 0, 1, 2)))]
        if random.random() < 0.8:
            body["time_zone"] = self.zone
        if random.random() < 0.5:
            body["keys"] = {"email": self.email}
            self.mailed = self.device
        return self.event("visitor.identified", **body)

    def carry(self, article: Article, variant: str, quantity: int) -> Timed:
        """Puts `quantity` of an article into the cart, or takes them out if it is below 0."""
        line = (article.id, variant)
        count = self.lines[line][1] + quantity if line in self.lines else quantity
        if count > 0:
            self.lines[line] = (article, count)
        else:
            del self.lines[line]
        if self.whole_carts:
            return self.whole_cart()
        item: dict[str, Any] = {"product_id": article.id, "quantity": abs(quantity)}
        if variant:
            item["variant_id"] = variant
        if quantity < 0:
            return self.event("cart.item_removed", item=item)
        return self.event("cart.item_added", item=item | article.attributes)

    def whole_cart(self) -> Timed:
        """An event with the whole cart, in a new version."""
        self.version += 1
        return self.event(
            "cart.updated",
            cart={
                "id": self.cart_id,
                "version": self.version,
                "currency": "EUR",
                "url": f"{HOST}/cart",
                "items": self.items(),
            },
        )

    def items(self) -> list[dict[str, Any]]:
        """The items of the cart, in the form of carts and orders."""
        items = []
        for (product, variant), (article, quantity) in self.lines.items():
            item: dict[str, Any] = {"product_id": product, "quantity": quantity}
            if variant:
                item["variant_id"] = variant
            items.append(item | {"name": article.name, "price": article.price})
        return items

    def value(self) -> float:
        """The value of the cart."""
        return round(sum(article.price * count for article, count in self.lines.values()), 2)

    def sold(self, order: str) -> None:
        """Notes an order of the cart, and starts a new cart. `order`: its id."""
        self.bought = order
        self.orders += 1
        self.new_cart()

    def new_cart(self) -> None:
        self.lines.clear()
        self.cart_id = f"cart-{self.random.getrandbits(48):012x}"
        self.version = 0

    def other_device(self) -> None:
        """Continues on the other device. The shop's cart follows a logged-in customer; any other cart stays behind."""
        known = self.device.customer is not None
        self.device = self.devices[1 - self.devices.index(self.device)]
        if not (known and self.whole_carts):
            self.new_cart()
