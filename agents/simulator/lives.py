"""The life of a simulated customer: subscribes, buys again in a rhythm, drifts away, and sometimes comes back."""

from collections.abc import Iterator
from typing import Any, Final

from agents.simulator.catalogue import Article
from agents.simulator.shopper import Shopper, Timed
from agents.simulator.visits import visit

DAY: Final = 86_400_000

CONSUMED: Final = (
    Article("house-blend-1kg", "House blend, 1 kg", "coffee", 19.9, ()),
    Article("espresso-500g", "Espresso, 500 g", "coffee", 12.5, ()),
    Article("boot-wax", "Boot wax", "care", 9.9, ()),
    Article("wash-in", "Wash-in proofing", "care", 14.5, ()),
)
"""Articles that are used up and bought again."""

RHYTHMS: Final = (21, 30, 30, 45, 60)
"""Usual days between two orders of one customer."""

PAUSE: Final = (70, 220)
"""Fewest and most days after which a customer who drifted away comes back."""


def live(shopper: Shopper) -> Iterator[Timed]:
    """The events of a customer. They end if the customer is lost, otherwise never."""
    shopper.orders = 0
    yield from visit(shopper, shopper.random.choice(("look", "browse")))
    if shopper.chance(0.25):
        return
    yield from _joins(shopper)
    article, rhythm = shopper.random.choice(CONSUMED), shopper.random.choice(RHYTHMS)
    while True:
        yield from _buys(shopper, article)
        if shopper.chance(0.12):
            if shopper.chance(0.5):
                return
            _days(shopper, *PAUSE)
            continue
        if shopper.chance(0.3):
            _days(shopper, 0.2 * rhythm, 0.4 * rhythm)
            yield from visit(shopper, shopper.random.choice(("look", "browse", "fill")))
            _days(shopper, 0.4 * rhythm, 0.7 * rhythm)
        else:
            _days(shopper, 0.8 * rhythm, 1.2 * rhythm)


def _days(shopper: Shopper, least: float, most: float) -> None:
    shopper.now += int(shopper.random.uniform(least, most) * DAY)


def _joins(shopper: Shopper) -> Iterator[Timed]:
    """Becomes a customer, and most often subscribes."""
    shopper.customer = shopper.customer or f"guest-{shopper.email[:8]}"
    shopper.wait(20, 90)
    yield shopper.login()
    if shopper.chance(0.7):
        shopper.wait(5, 60)
        channels = ["email"] if shopper.chance(0.6) else ["email", "push"]
        yield shopper.event("visitor.subscribed", channels=channels)


def _buys(shopper: Shopper, article: Article) -> Iterator[Timed]:
    """Orders an article, sometimes a second one too. The order is delivered, and a few are cancelled afterwards."""
    if shopper.device.customer is None:
        yield shopper.login()
        shopper.wait(2, 20)
    yield shopper.event("product.viewed", product={"id": article.id, **article.attributes})
    shopper.wait(20, 90)
    lines = [(article, shopper.random.choice((1, 1, 1, 2)))]
    if shopper.chance(0.2):
        lines.append((shopper.random.choice([each for each in CONSUMED if each != article]), 1))
    id = f"order-{shopper.random.getrandbits(40):010x}"
    yield shopper.event("order.placed", order=_order(id, lines))
    shopper.orders += 1
    _days(shopper, 1.5, 5)
    yield shopper.server_event("order.delivered", order={"id": id})
    if shopper.chance(0.04):
        _days(shopper, 0.5, 4)
        yield shopper.server_event("order.cancelled", order={"id": id})


def _order(id: str, lines: list[tuple[Article, int]]) -> dict[str, Any]:
    items = []
    for article, quantity in lines:
        fields = {name: article.attributes[name] for name in ("name", "category", "price")}
        items.append({"product_id": article.id, "quantity": quantity, **fields})
    value = round(sum(article.price * quantity for article, quantity in lines), 2)
    return {"id": id, "value": value, "currency": "EUR", "items": items}
