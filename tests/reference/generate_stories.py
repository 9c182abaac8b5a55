"""Seeded situations that a random order of events seldom gives: each is a sequence of waits and events.

A wait is in ms; the log sometimes makes it 1 ms shorter or longer, or drops it.
"""

import copy
from collections.abc import Callable
from typing import Any

from tests.reference.generate_bodies import Shop
from tests.reference.times import DAY, HOUR, MINUTE, SECOND

Event = dict[str, Any]
Story = list[tuple[int, Event]]


class Teller:
    """Generates stories with the cast of one log."""

    def __init__(self, shop: Shop) -> None:
        self.shop, self.cast, self.pick = shop, shop.cast, shop.pick
        self.orders = 0

    def story(self) -> Story:
        stories: tuple[Callable[[], Story], ...] = (
            self.payment_fails,
            self.payment_fails,
            self.shown_again,
            self.shown_again,
            self.emptied_before,
            self.new_cart_id,
            self.next_customer,
            self.key_of_many,
            self.forwarded,
            self.forwarded,
            self.guest,
            self.checkout_after,
            self.exit_while_paying,
        )
        return self.pick.choice(stories)()

    def _who(self) -> Event:
        """A visitor, mostly with its customer."""
        who: Event = {"visitor": self.pick.choice(self.cast.visitors)}
        if self.pick.random() < 0.6:
            who["customer"] = self.pick.choice(self.cast.customers)
        return who

    def _cart_id(self) -> str:
        return self.pick.choice(self.cast.carts or ("s1", "s2"))

    def _cart(self, id_: str | None, items: list[Event]) -> Event:
        cart: Event = {"items": copy.deepcopy(items)}
        if id_ is not None:
            cart["id"] = id_
        return {"type": "cart.updated", "cart": cart}

    def _items(self) -> list[Event]:
        return [self.shop.item() for _ in range(self.pick.choice((1, 1, 2)))]

    def _order(self, **parts: Any) -> Event:
        self.orders += 1
        order = {"id": f"n{self.orders}"} | {k: v for k, v in parts.items() if v is not None}
        return {"type": "order.placed", "order": order}

    def _maybe(self, chance: float, *steps: tuple[int, Event]) -> Story:
        return list(steps) if self.pick.random() < chance else []

    def _server(self, cart: str) -> Event:
        """A server that knows no visitor, only the cart or the customer."""
        customer = {"customer": self.pick.choice(self.cast.customers)}
        return self.pick.choice(({"keys": {"cart": cart}}, {"visitor": f"~cart:{cart}"}, customer))

    def payment_fails(self) -> Story:
        """An order whose payment fails: named or not, soon or late, once or twice."""
        pick, who, cart = self.pick, self._who(), self._cart_id()
        given, items = pick.choice((cart, cart, None)), self._items()
        placed = self._order(cart_id=pick.choice((given, None, "other")))
        recurring = pick.random() < 0.1
        if recurring:
            placed["order"]["recurring"] = True
        id_ = placed["order"]["id"]
        order: Any = pick.choice((None, None, {"id": id_}, {"id": id_}, {"id": "n0"}))
        failed: Event = {"type": "payment.failed"} | ({} if order is None else {"order": order})
        if order and pick.random() < 0.1:
            order["recurring"] = True
        gap = pick.choice((MINUTE, 6 * MINUTE, HOUR, HOUR, DAY, DAY, 0))
        back = pick.choice((None, None, 0, 1, gap, gap - 1, gap + 1, DAY + gap, HOUR, -HOUR))
        if back is not None:
            failed["client back"] = back
        payer = pick.choice((who, who, who, self._who(), self._server(cart)))
        again = self._cart(pick.choice((given, "other")), items)
        cancelled = {"type": "order.cancelled", "order": {"id": id_}}
        return [
            (0, who | self._cart(given, items)),
            *self._maybe(0.4, (SECOND, who | {"type": "checkout.started"})),
            (
                pick.choice((MINUTE, 6 * MINUTE)),
                payer | placed if pick.random() < 0.2 else who | placed,
            ),
            *self._maybe(0.2, (SECOND, who | cancelled)),
            *self._maybe(0.1, (SECOND, who | {"type": "checkout.started"})),
            *self._maybe(0.15, (SECOND, who | again)),
            *self._maybe(0.1, (SECOND, who | self._order())),
            *self._maybe(0.1, (SECOND, self._who() | placed)),
            (gap, payer | failed),
            *self._maybe(0.3, (MINUTE, who | placed)),
            *self._maybe(0.3, (MINUTE, payer | failed)),
            *self._maybe(0.4, (6 * MINUTE, self._who() | again)),
        ]

    def shown_again(self) -> Story:
        """Ordered lines are shown again: on some device, under some id, some time later."""
        pick, who, cart, items = self.pick, self._who(), self._cart_id(), self._items()
        buyer = pick.choice((who, who, self._who(), self._server(cart)))
        other = pick.choice((who, self._who()))
        parts = pick.choice((items, items, items[1:], [*items, *self._items()], [], self._items()))
        named = pick.choice((cart, cart, None, "other"))
        placed = self._order(cart_id=named)
        if pick.random() < 0.3:
            placed |= {"keys": {"cart": cart}}
        added = {"type": "cart.item_added", "item": self.shop.item()}
        story = [
            (0, who | self._cart(cart, items)),
            (pick.choice((SECOND, 6 * MINUTE)), buyer | placed),
            *self._maybe(0.3, (MINUTE, other | added)),
            *self._maybe(0.2, (MINUTE, self._who() | placed)),
        ]
        for _ in range(pick.choice((1, 2, 3))):
            wait = pick.choice(
                (MINUTE, 5 * MINUTE, 6 * MINUTE, 6 * MINUTE, DAY, 13 * DAY, 14 * DAY)
            )
            shown = self._cart(cart, pick.choice((parts, items)))
            story.append((wait, pick.choice((who, other)) | shown))
            story += self._maybe(0.2, (6 * MINUTE, buyer | placed))
            cancelled = {"type": "order.cancelled", "order": {"id": placed["order"]["id"]}}
            story += self._maybe(0.1, (6 * MINUTE, buyer | cancelled))
        return story

    def emptied_before(self) -> Story:
        """The shop empties the cart just before the order."""
        pick, who, cart, items = self.pick, self._who(), self._cart_id(), self._items()
        emptied = self._cart(cart, [])
        if pick.random() < 0.2 and len(items) == 1:
            emptied = {"type": "cart.item_removed", "item": {"product_id": items[0]["product_id"]}}
        placed = self._order(cart_id=pick.choice((None, cart, "other")))
        return [
            (0, who | self._cart(cart, items)),
            *self._maybe(0.4, (SECOND, who | {"type": "checkout.started"})),
            (SECOND, who | emptied),
            *self._maybe(0.15, (SECOND, who | self._order(recurring=pick.choice((True, None))))),
            (pick.choice((SECOND, 5 * MINUTE, 5 * MINUTE)), who | placed),
            *self._maybe(0.4, (SECOND, who | {"type": "payment.failed"})),
            (6 * MINUTE, self._who() | self._cart(cart, items)),
        ]

    def new_cart_id(self) -> Story:
        """The platform gives the same cart new ids."""
        pick, who, items = self.pick, self._who(), self._items()
        story = [(0, who | self._cart(pick.choice((None, "r0")), items))]
        for turn in range(pick.choice((1, 2, 3))):
            same = pick.random() < 0.75
            shown = self._cart(
                f"r{pick.choice((turn, turn + 1))}", items if same else self._items()
            )
            wait = pick.choice((6 * MINUTE, HOUR + 6 * MINUTE, DAY))
            story.append((wait, (who if pick.random() < 0.8 else self._who()) | shown))
        return story

    def next_customer(self) -> Story:
        """A customer logs out and another logs in; late events of the first follow."""
        pick, visitor = self.pick, {"visitor": self.pick.choice(self.cast.visitors)}
        one, other = (pick.choice(self.cast.customers) for _ in range(2))
        cart = pick.choice((self._cart_id(), None))
        how = pick.choice(("visitor.identified", "page.viewed", "cart.item_added", "order.placed"))
        leaves: Event = {**self.shop.body(how), "customer": pick.choice((None, None, other))}
        late = pick.choice(("order.placed", "consent.changed", "order.cancelled", "cart.updated"))
        event_body = {
            **self.shop.body(late),
            "customer": one,
            "client back": pick.choice((HOUR, DAY)),
        }
        return [
            (0, visitor | {"customer": one} | self._cart(cart, self._items())),
            *self._maybe(0.3, (SECOND, visitor | self._order())),
            (pick.choice((MINUTE, 5 * MINUTE, 6 * MINUTE)), visitor | leaves),
            *self._maybe(0.5, (MINUTE, visitor | event_body)),
            *self._maybe(0.4, (MINUTE, visitor | self.shop.body("cart.updated"))),
            *self._maybe(0.3, (MINUTE, visitor | self.shop.body("exit.signal"))),
            *self._maybe(0.5, (pick.choice((HOUR, DAY)), visitor | self._order())),
            *self._maybe(0.6, (MINUTE, visitor | {"customer": one, "type": "page.viewed"})),
        ]

    def key_of_many(self) -> Story:
        """Nine or ten persons share one key, within a day or not."""
        pick = self.pick
        name = pick.choice(("email", "phone", "cart"))
        keys = {
            name: {"email": self.cast.emails[0], "phone": self.cast.phones[0]}.get(name, "many")
        }
        story: Story = []
        for turn in range(pick.choice((8, 9, 9, 10))):
            owner = pick.choice(({"visitor": f"w{turn}"}, {"visitor": "w", "customer": f"w{turn}"}))
            wait = pick.choice((SECOND, SECOND, SECOND, 3 * HOUR))
            items = {"type": "cart.item_added", "item": self.shop.item()}
            story.append((wait, owner | items | {"keys": keys}))
            event_body = pick.choice((self._order(), self.shop.body("consent.changed")))
            story += self._maybe(0.15, (SECOND, {"visitor": "q"} | event_body | {"keys": keys}))
        story += [(6 * MINUTE, self._who() | self._order() | {"keys": keys})]
        story += self._maybe(0.5, (DAY, story[0][1]))
        ended = {"type": "order.cancelled", "order": {"id": f"n{self.orders}"}, "keys": keys}
        story += self._maybe(0.5, (SECOND, self._who() | ended))
        story += self._maybe(0.5, (SECOND, self._who() | self.shop.body("consent.changed")))
        return story

    def forwarded(self) -> Story:
        """A server sends an order by a key, before or after a person is bound to it."""
        pick, who = self.pick, self._who()
        keys = self.cast.keys(0.6) or {"cart": "k"}
        binds = who | {"type": "cart.item_added", "item": self.shop.item(), "keys": keys}
        server: Event = pick.choice(
            ({}, {}, {"visitor": "srv"}, {"customer": who.get("customer", "c9")})
        )
        event_body = server | self._order(recurring=pick.choice((None, None, True)))
        chosen = {name: id_ for name, id_ in keys.items() if pick.random() < 0.7}
        event_body["keys"] = chosen or keys
        if pick.random() < 0.4 and "cart" in keys:
            event_body["order"]["cart_id"] = keys["cart"]
        more = (
            server
            | {"keys": keys}
            | self.shop.body(pick.choice(("consent.changed", "order.placed")))
        )
        failed = {"type": "payment.failed", "order": {"id": event_body["order"]["id"]}}
        wait = pick.choice((SECOND, 6 * MINUTE, HOUR, 7 * DAY, 30 * DAY))
        rows: Story = [(SECOND, binds), (wait, event_body)]
        if pick.random() < 0.5:
            rows.reverse()
        rows.insert(pick.choice((1, 2)), (SECOND, more))
        rows += self._maybe(0.4, (MINUTE, server | {"keys": keys} | failed))
        rows += self._maybe(0.5, (6 * MINUTE, self._who() | {"type": "page.viewed", "keys": keys}))
        return rows

    def guest(self) -> Story:
        """A guest types an address, and logs in later."""
        pick, who = self.pick, {"visitor": self.pick.choice(self.cast.visitors)}
        typed = {"type": "visitor.identified", "keys": self.cast.keys(0.7)}
        typed |= pick.choice(({}, {"contacts": []}, {"contacts": ["sms"]}))
        customer = {"customer": pick.choice(self.cast.customers)}
        return [
            (0, who | self.shop.body("cart.item_added")),
            (pick.choice((MINUTE, 6 * MINUTE)), who | typed),
            *self._maybe(0.4, (HOUR, who | self.shop.body("consent.changed"))),
            *self._maybe(0.4, (MINUTE, who | self._order())),
            *self._maybe(0.7, (HOUR, who | self.shop.body("page.viewed") | customer)),
        ]

    def checkout_after(self) -> Story:
        """The thank-you page sends the checkout again."""
        pick, who, cart = self.pick, self._who(), self._cart_id()
        step = pick.choice(
            ({"type": "checkout.started"}, {"type": "payment.failed", "order": {"id": "z"}})
        )
        return [
            (0, who | self._cart(cart, self._items())),
            (6 * MINUTE, pick.choice((who, self._who())) | self._order()),
            (pick.choice((SECOND, HOUR, DAY)), who | step),
            *self._maybe(0.4, (6 * MINUTE, who | self.shop.body("cart.updated"))),
        ]

    def exit_while_paying(self) -> Story:
        pick, who = self.pick, self._who()
        page = {"path": "/", "kind": pick.choice(("payment", "confirmation", "cart"))}
        between = self.shop.body(
            pick.choice(("activity.pinged", "search.performed", "cart.updated"))
        )
        return [
            (0, who | self.shop.body("cart.item_added")),
            (10 * SECOND, who | {"type": "page.viewed", "page": page}),
            *self._maybe(0.5, (SECOND, who | between)),
            (3 * SECOND, who | {"type": "exit.signal", "signal": "close_shortcut"}),
        ]
