"""One visit of a simulated shopper: landing, browsing, cart, checkout, leaving."""

from collections.abc import Iterator
from typing import Any, Final

from agents.simulator.catalogue import ARTICLES, CATEGORIES, HOST, QUERIES, SHELVES, Article
from agents.simulator.shopper import Shopper, Timed

STAGES: Final = ("contact", "shipping", "payment")
DECLINED: Final = ("card_declined", "insufficient_funds", "3ds_timeout")


def visit(shopper: Shopper, intent: str) -> Iterator[Timed]:
    """The events of one visit. `intent`: how far it goes: look, browse, fill or buy."""
    yield from _land(shopper)
    if intent == "look":
        if shopper.chance(0.5):
            yield from _look_at(shopper, shopper.random.choice(ARTICLES))
    else:
        for _ in range(shopper.random.choice((1, 2, 2, 3, 4))):
            yield from _browse(shopper, fill=intent in ("fill", "buy"))
        if shopper.lines and shopper.chance(0.2):
            yield from _change_mind(shopper)
    if shopper.lines and (intent == "buy" or (intent == "fill" and shopper.chance(0.25))):
        yield from _checkout(shopper, pays=intent == "buy")
    yield from _leave(shopper)
    if shopper.device.customer and shopper.chance(0.08):
        shopper.wait(1, 10)
        yield shopper.logout()


def _page(shopper: Shopper, kind: str, path: str, title: str) -> Timed:
    page = {"kind": kind, "path": path, "title": title}
    return shopper.event("page.viewed", page=page, url=HOST + path, referrer=HOST + "/")


def _land(shopper: Shopper) -> Iterator[Timed]:
    yield _page(shopper, "home", "/", "Shop for the outdoors")
    if shopper.chance(0.03):
        shopper.wait(1, 6)
        channels = ["onsite"] if shopper.chance(0.4) else ["email", "push"]
        yield shopper.event("consent.changed", channels=channels, granted=shopper.chance(0.3))
    if shopper.chance(0.02):
        shopper.wait(1, 6)
        yield shopper.event("visitor.subscribed", channels=["email"])
    known = any(device.customer for device in shopper.devices)
    if shopper.customer and not shopper.device.customer and shopper.chance(0.8 if known else 0.4):
        shopper.wait(4, 25)
        yield shopper.login()
    if shopper.lines and shopper.whole_carts and shopper.device.customer:
        shopper.wait(0.2, 1.5)
        yield shopper.whole_cart()
    shopper.wait(2, 15)


def _browse(shopper: Shopper, fill: bool) -> Iterator[Timed]:
    """Opens a category or a search, then some of its articles. `fill`: puts some into the cart."""
    random = shopper.random
    if shopper.chance(0.25):
        yield shopper.event("search.performed", query=random.choice(QUERIES), results=12)
        shelf = ARTICLES
    else:
        category = random.choice(CATEGORIES)
        yield shopper.event("category.viewed", category=category, url=f"{HOST}/c/{category}")
        shelf = SHELVES[category]
    shopper.wait(2, 20)
    for _ in range(random.choice((0, 1, 2, 2, 3))):
        article = random.choice(shelf)
        yield from _look_at(shopper, article)
        if fill and shopper.chance(0.5):
            variant = random.choice(article.variants) if article.variants else ""
            yield shopper.carry(article, variant, random.choice((1, 1, 1, 2)))
            shopper.wait(1, 12)
        elif shopper.chance(0.12):
            yield from _waver(shopper)


def _look_at(shopper: Shopper, article: Article) -> Iterator[Timed]:
    """Opens a product page. The page sends a heartbeat every 20 s while the shopper reads it."""
    product = {"id": article.id, **article.attributes}
    yield shopper.event("product.viewed", product=product, referrer=HOST + "/")
    before = shopper.now
    shopper.wait(3, 110)
    until = shopper.now
    for beat in range(before + 20_000, until, 20_000):
        shopper.now = beat
        yield shopper.event("activity.pinged", visible=True, path=f"/p/{article.id}")
    shopper.now = until


def _change_mind(shopper: Shopper) -> Iterator[Timed]:
    """Opens the cart and takes something out."""
    yield _page(shopper, "cart", "/cart", "Your cart")
    shopper.wait(3, 20)
    (_, variant), (article, quantity) = shopper.random.choice(list(shopper.lines.items()))
    yield shopper.carry(article, variant, -shopper.random.randint(1, quantity))
    shopper.wait(2, 10)


def _checkout(shopper: Shopper, pays: bool) -> Iterator[Timed]:
    """The stages of a checkout, up to the order if the shopper pays. One who does not pay may leave at any stage."""
    yield shopper.event("checkout.started", url=f"{HOST}/checkout")
    for stage in STAGES:
        shopper.wait(5, 60)
        if not pays and shopper.chance(0.3):
            return
        if stage == "contact" and shopper.customer and not shopper.device.customer:
            yield shopper.login()
            shopper.wait(2, 10)
        body: dict[str, Any] = {"stage": stage, "url": f"{HOST}/checkout/{stage}"}
        if stage == "contact" and not shopper.device.customer:
            body["keys"] = shopper.give_contact()
        yield shopper.event("checkout.advanced", **body)
    shopper.wait(8, 70)
    if shopper.chance(0.15 if pays else 0.6):
        code = shopper.random.choice(DECLINED)
        yield shopper.event("payment.failed", code=code, provider="pay.example", attempt=1)
        shopper.wait(5, 40)
        if not pays or shopper.chance(0.4):
            return
        yield shopper.event("checkout.advanced", stage="payment", url=f"{HOST}/checkout/payment")
        shopper.wait(5, 40)
    if pays:
        yield from _order(shopper)


def _order(shopper: Shopper) -> Iterator[Timed]:
    """An order, from the browser or from the shop's server, which often knows no visitor.

    Some shops place the order before the payment. If the payment fails, the shopper may have the cart back.
    """
    order: dict[str, Any] = {
        "id": f"order-{shopper.random.getrandbits(40):010x}",
        "value": shopper.value(),
        "currency": "EUR",
    }
    if shopper.whole_carts:
        order["cart_id"] = shopper.cart_id
    elif shopper.chance(0.5):
        order["items"] = shopper.items()
    lines, cart_id = dict(shopper.lines), shopper.cart_id
    if shopper.is_known_to_a_server and shopper.chance(0.4):
        yield shopper.order_of_a_server(order)
    else:
        send = shopper.server_event if shopper.chance(0.2) else shopper.event
        yield send("order.placed", order=order)
        if shopper.chance(0.06):
            shopper.wait(15, 90)
            code = shopper.random.choice(DECLINED)
            yield shopper.event("payment.failed", code=code, order={"id": order["id"]})
            if shopper.chance(0.6):
                shopper.lines, shopper.cart_id = lines, cart_id
                return
            shopper.wait(20, 90)
            yield shopper.event("order.placed", order=order)
    shopper.sold(order["id"])
    shopper.wait(0.5, 3)
    yield _page(shopper, "confirmation", "/thank-you", "Thank you for your order")
    shopper.wait(2, 20)


def _waver(shopper: Shopper) -> Iterator[Timed]:
    """An exit signal, which need not mean that the shopper leaves."""
    signal, longest = shopper.random.choice(shopper.device.kind.signals)
    body: dict[str, object] = {"signal": signal}
    if longest:
        body["held_ms"] = int(shopper.random.random() * longest)
    if shopper.chance(0.08):
        body["form_focus"] = True
    yield shopper.event("exit.signal", **body, path="/", scroll=int(shopper.random.random() * 100))
    shopper.wait(0.4, 3)


def _leave(shopper: Shopper) -> Iterator[Timed]:
    """The end of a visit. Most shoppers send one to three exit signals within seconds."""
    if shopper.chance(0.7):
        for _ in range(shopper.random.choice((1, 1, 2, 3))):
            yield from _waver(shopper)
