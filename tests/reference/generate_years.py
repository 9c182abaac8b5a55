"""Seeded years of a few customers at the edges of one recipes file: the log waits for each duration in the file.

The decisions on a log give more times: `log` repeats it with events at them, a millisecond before and after.
"""

import copy
import json
import random
from typing import Any

from tests.reference import decide_all
from tests.reference.generate_years_recipes import recipes
from tests.reference.generate_years_stories import story, switch_after
from tests.reference.times import DAY, HOUR, MINUTE, SECOND, duration

__all__ = ["log", "recipes"]

START = 1772452800000
OWN = (SECOND, 5 * MINUTE, 5 * MINUTE + 1, 30 * MINUTE, HOUR, DAY, 2 * DAY, 7 * DAY, 30 * DAY)
EMAILS = ("e" * 16, "f" * 16)
Event = dict[str, Any]


def _spans(document: Any) -> list[int]:
    """Every duration that a document names."""
    if isinstance(document, dict):
        return [span for each in document.values() for span in _spans(each)]
    if isinstance(document, list):
        return [span for each in document for span in _spans(each)]
    try:
        return [duration(document)] if isinstance(document, str) else []
    except ValueError:
        return []


class _Years:
    def __init__(self, seed: int) -> None:
        self.document = recipes(seed)
        self.pick = pick = random.Random(f"years {seed}")
        self.spans = [span for span in _spans(self.document) if span > 0]
        self.now = START + pick.randrange(0, 365 * DAY, MINUTE)
        self.marks = [self.now]
        self.events: list[Event] = []
        self.visitors = ["a", "b", "z"][: pick.choice((1, 2, 3))]
        self.customers = ["c1", "c2"][: pick.choice((1, 1, 2))]
        self.customer_of: dict[str, str] = {}
        self.orders: list[Any] = []
        self.products = pick.choice((1, 2, 3))
        self.known = pick.choice((0.0, 0.3, 0.9))
        self.keyed = pick.choice((0.0, 0.1, 0.4))
        self.servers = pick.choice((0.0, 0.05, 0.3))
        self.late = pick.choice((0.0, 0.1, 0.3))
        self.tales = pick.choice((0.0, 0.0, 0.1, 0.4))
        self.weights = [weight * pick.choice((0.3, 1, 1, 3)) for weight, _ in self.choices()]

    def waits(self) -> None:
        """Advances time to an edge after an earlier event, or not at all."""
        pick, draw = self.pick, self.pick.random()
        if draw < 0.1:
            return
        if draw < 0.25:
            self.now += pick.choice((1, SECOND, MINUTE, 6 * MINUTE, HOUR))
            return
        for _ in range(6):
            span = pick.choice(self.spans if pick.random() < 0.7 and self.spans else OWN)
            base = pick.choice(self.marks[-6:])
            time = base + span + pick.choice((-1, 0, 0, 0, 1, 5 * MINUTE))
            if time >= self.now:
                self.now = time
                return
        self.now += pick.choice((6 * MINUTE, DAY, 10 * DAY))

    def choices(self) -> list[tuple[float, Any]]:
        return [
            (5, self.ordered),
            (4, self.looked),
            (1.5, self.ordered_again),
            (1.2, self.subscribed),
            (1, self.cancelled),
            (0.7, self.delivered),
            (0.7, self.consented),
            (0.7, self.identified),
            (0.5, self.failed),
            (0.8, self.filled),
            (0.2, self.ended),
        ]

    def happens(self) -> None:
        pick = self.pick
        event = pick.choices([make for _, make in self.choices()], self.weights)[0]()
        self.write(self.owned(event))

    def owned(self, event: Event) -> Event:
        """Adds an owner: a visitor, who may be known by now, or a server that knows a key."""
        pick = self.pick
        if pick.random() < self.servers:
            owner = pick.choice(
                (
                    {"keys": {"email": pick.choice(EMAILS)}},
                    {"keys": {"cart": "k"}},
                    {"customer": pick.choice(self.customers)},
                )
            )
            return {**event, **copy.deepcopy(owner)}
        visitor = pick.choice(self.visitors)
        event = {"visitor": visitor, **event}
        if "customer" in event:
            return event
        if pick.random() < 0.05 + 0.2 * self.known:
            self.customer_of[visitor] = pick.choice(self.customers)
        if visitor in self.customer_of and pick.random() < self.known:
            event["customer"] = self.customer_of[visitor]
        if pick.random() < 0.02:
            event["customer"] = None
        if pick.random() < self.keyed:
            event["keys"] = pick.choice(
                ({"email": EMAILS[0]}, {"email": EMAILS[-1]}, {"cart": "k"}, {"phone": "4" * 16})
            )
        return event

    def write(self, event: Event) -> None:
        pick = self.pick
        line = {"t": self.now, "id": f"e{len(self.events)}", **event}
        if pick.random() < self.late:
            back = pick.choice((*OWN, 5 * MINUTE + 1, DAY + 1, 20 * DAY, *self.spans))
            line["client_time"] = pick.choice((self.now - back, pick.choice(self.marks)))
        if "back" in line:
            line["client_time"] = self.now - line.pop("back")
        if event["type"] in ("order.placed", "visitor.subscribed") and pick.random() < 0.05:
            line["imported"] = True
        self.marks.append(self.now)
        self.events.append(line)

    def product(self) -> str:
        return f"p{self.pick.randrange(1, self.products + 1)}"

    def item(self) -> Event:
        pick = self.pick
        item: Event = {"product_id": self.product(), "quantity": pick.choice((1, 1, 1, 2, 3, 0.5))}
        if pick.random() < 0.7:
            item["price"] = pick.choice((5, 10, 12.5, "7.25"))
        if pick.random() < 0.6:
            item["category"] = pick.choice(("shoes", "shoes", "hats"))
        if pick.random() < 0.15:
            item["variant_id"] = pick.choice(("red", "blue"))
        if pick.random() < 0.1:
            item["currency"] = pick.choice(("EUR", "eur", "USD"))
        if pick.random() < 0.1:
            item["renews"] = True
        return item

    def ordered(self) -> Event:
        pick = self.pick
        id_ = pick.choice((len(self.orders), f"o{len(self.orders)}", f"o{len(self.orders)}"))
        if pick.random() < 0.04:
            id_ = pick.choice(("guest", 0))
        self.orders.append(id_)
        order: Event = {"id": id_}
        if pick.random() < 0.8:
            order["items"] = [self.item() for _ in range(pick.choice((1, 1, 1, 2, 3)))]
        if pick.random() < 0.3:
            order["value"] = pick.choice((5, 20, 60.5))
        if pick.random() < 0.2:
            order["currency"] = pick.choice(("EUR", "USD"))
        if pick.random() < 0.12:
            order["recurring"] = True
        if pick.random() < 0.1:
            order["cart_id"] = "k"
        return {"type": "order.placed", "order": order}

    def _of_before(self) -> Any:
        return self.pick.choice(self.orders[-5:] or ["o0"])

    def ordered_again(self) -> Event:
        """A repeated order, which may add missing parts or no longer recur."""
        event = self.ordered()
        self.orders.pop()
        event["order"]["id"] = self._of_before()
        return event

    def cancelled(self) -> Event:
        return {"type": "order.cancelled", "order": {"id": self._of_before()}}

    def delivered(self) -> Event:
        return {"type": "order.delivered", "order": {"id": self._of_before()}}

    def failed(self) -> Event:
        return {"type": "payment.failed", "order": {"id": self._of_before()}}

    def looked(self) -> Event:
        pick = self.pick
        if pick.random() < 0.4:
            return {"type": "page.viewed"}
        product: Event = {"id": self.product(), "price": 10}
        if pick.random() < 0.7:
            product["category"] = pick.choice(("shoes", "hats"))
        return {"type": "product.viewed", "product": product}

    def filled(self) -> Event:
        pick = self.pick
        if pick.random() < 0.3:
            return {"type": "checkout.started"}
        cart: Event = {"items": [self.item() for _ in range(pick.choice((0, 1, 1, 2)))]}
        if pick.random() < 0.5:
            cart["id"] = "k"
        return {"type": "cart.updated", "cart": cart}

    def subscribed(self) -> Event:
        lists = (["email"], ["push"], ["sms", "email"], "all", ["messenger"], ["onsite"])
        return {"type": "visitor.subscribed", "channels": copy.deepcopy(self.pick.choice(lists))}

    def consented(self) -> Event:
        channels = self.pick.choice((["email"], "all", ["push", "sms"], ["messenger"]))
        granted = self.pick.random() < 0.5
        return {"type": "consent.changed", "channels": copy.deepcopy(channels), "granted": granted}

    def identified(self) -> Event:
        pick = self.pick
        event: Event = {"type": "visitor.identified", "customer": pick.choice(self.customers)}
        if pick.random() < 0.3:
            event |= {"keys": {"email": pick.choice(EMAILS)}}
            del event["customer"]
        if pick.random() < 0.4:
            event["contacts"] = pick.choice(([], ["email"], ["email", "push", "sms"]))
        if pick.random() < 0.3:
            event["traits"] = {"orders": pick.choice((0, 2, 5)), "value": pick.choice((0, 30, 500))}
        if pick.random() < 0.3:
            event["time_zone"] = pick.choice(("Europe/Berlin", "Asia/Seoul"))
        return event

    def ended(self) -> Event:
        """The customer logs out, or another one logs in."""
        pick = self.pick
        return {"type": "page.viewed", "customer": pick.choice((None, *self.customers))}

    def tells(self) -> None:
        """Adds a story with other events in between."""
        pick = self.pick
        for wait, event in story(pick, str(len(self.events))):
            if pick.random() < 0.15:
                self.happens()
            if wait is None:
                self.waits()
            else:
                self.now += wait
            self.write(event)

    def sleeps(self) -> None:
        """Advances time to a night in which a person's clocks change."""
        pick = self.pick
        self.now = switch_after(self.now) + pick.choice((-4, -2, -1, 0, 1, 7)) * HOUR
        self.now = max(self.now, self.events[-1]["t"] if self.events else START)
        given = {"type": "visitor.identified", "customer": pick.choice(self.customers)}
        self.write({"visitor": pick.choice(self.visitors), "time_zone": "Europe/Berlin", **given})

    def ends_later(self) -> None:
        """Advances time until all are forgotten, before the last line."""
        self.now += self.pick.choice((40 * DAY, 500 * DAY))
        self.write({"visitor": "q", "type": "page.viewed"})

    def echoes(self) -> None:
        """Adds events at the times of decisions."""
        pick = self.pick
        decided = decide_all(self.lines(), self.document)
        times = [row["at"] for row in decided[1]]
        times += [row["until"] for row in decided[1] if row["until"] is not None]
        times += [row["data"]["at"] for row in decided[2]]
        end = self.events[-1]["t"] + 400 * DAY
        times = sorted({time for time in times if time <= end})
        for time in pick.sample(times, min(len(times), 1 + len(self.events) // 4)):
            self.now = time + pick.choice((-1, 0, 0, 1, -5 * MINUTE))
            if self.now >= START:
                self.happens()
        self.events.sort(key=lambda event: int(event["t"]))

    def lines(self) -> list[bytes]:
        return [json.dumps(event).encode() for event in self.events]


def log(seed: int, size: int) -> list[bytes]:
    """About `size` lines in order of `t`, matching `recipes(seed)`."""
    years = _Years(seed)
    while len(years.events) < size:
        years.waits()
        if years.pick.random() < years.tales:
            years.tells()
        elif years.pick.random() < 0.01:
            years.sleeps()
        else:
            years.happens()
    if years.pick.random() < 0.5:
        years.ends_later()
    for _ in range(years.pick.choice((0, 1, 1, 2))):
        years.echoes()
    return years.lines()
