"""Sections 2 to 4 and 11: one visitor's events become facts and claims, in the order given there."""

from dataclasses import replace
from typing import Any

from tests.reference import acceptance, claims, erasing, exit_intent, ordering, popup, whole
from tests.reference.change import change_of_person
from tests.reference.events import ENGAGED, EVEN_IF_LATE, LOOKS, Event
from tests.reference.facts import Cancelled, Consent, Delivered, Fact
from tests.reference.history import History
from tests.reference.history import at as in_force
from tests.reference.orders import Order
from tests.reference.outputs import Outputs
from tests.reference.reading import nobody
from tests.reference.times import DAY, MINUTE
from tests.reference.visitor import Visitor


class Stage:
    """The visitors stage for one visitor."""

    def __init__(self, id_: str, history: History, out: Outputs) -> None:
        self.visitor = Visitor(id_)
        self.history = history
        self.out = out
        self.at = 0
        self.facts: list[Fact] = []
        self.claims: list[Fact] = []
        self.told = 0
        """Number of facts and claims since the visitor began; they are numbered together."""

    def _made(self, to: str, kind: str, body: Any) -> Fact:
        self.told += 1
        return Fact(self.at, self.visitor.id, self.told, to, kind, body)

    def tell(self, person: str, kind: str, body: Any = None) -> None:
        self.facts.append(self._made(person, kind, body))

    def claim(self, key: str, kind: str, body: Any) -> None:
        self.claims.append(self._made(key, kind, body))

    def end(self) -> None:
        """Ends the visitor; one of this name that comes later is a new one."""
        self.visitor, self.told = Visitor(self.visitor.id), 0

    def presence(self, kind: str, at: int) -> None:
        self.at = at
        visitor, body = self.visitor, None
        visitor.presence = kind.removeprefix("visitor.")
        if kind == "visitor.idle":
            body = visitor.summary(at)
            visitor.summary_was_full = bool(body["cart"]["lines"]) or body["checkout"] is not None
        self.tell(visitor.person(), kind, body)

    def advance(self, time: int) -> None:
        """Runs deadlines up to `time`: first idle, then (much later) forgotten."""
        visitor, sign = self.visitor, self.visitor.last_sign()
        if visitor.idle_pending and sign is not None and sign + 5 * MINUTE <= time:
            visitor.idle_pending = False
            if visitor.has_reason_to_be_idle(sign + 5 * MINUTE):
                self.presence("visitor.idle", sign + 5 * MINUTE)
        if visitor.last_event is not None and visitor.last_event + 30 * DAY <= time:
            self.end()

    def event(self, event: Event, at: int) -> None:
        self.advance(at)
        self.at = at
        if acceptance.ignored(self.visitor, event, at):
            return
        self.visitor.accept(event.type, None if nobody(event.id) else event.id, at)
        if event.type == "person.erased":
            erasing.erase(self, event)
            return
        if acceptance.of_a_customer_before(self.visitor, event, at):
            self._of_a_customer_before(event, at)
            return
        changed = change_of_person(self, event, at)
        unattended = acceptance.unattended(event, at)
        own, keys = self._apply(event, at, unattended)
        self._presence_after(event, at, changed, unattended)
        person = self.visitor.person()
        if event.type == "order.placed":
            self._order_facts(own, at)
        elif event.type in EVEN_IF_LATE:
            self.tell(person, event.type, own)
        for told, watch in visitor_tells(self.visitor):
            self.tell(told, "onsite.decided", watch)
        self._claims(event, own, keys, changed)

    def _apply(self, event: Event, at: int, unattended: bool) -> tuple[Any, list[str]]:
        """Applies the event; returns the body of its own fact and the keys of its claims."""
        kind, body, visitor = event.type, event.body, self.visitor
        keys = list(dict.fromkeys(event.owner.keys + ordering.addresses(visitor)))
        own: Any = None
        if kind == "payment.failed":
            before = visitor.cart.contents()
            taken = ordering.take_back(visitor, event, at, unattended)
            if taken is not None:
                own, keys = taken[0], list(dict.fromkeys(keys + taken[1]))
                self.tell(visitor.person(), "order.cancelled", own)
            if unattended and visitor.cart.contents() != before:
                visitor.changes(at)
        if unattended:
            visitor.unattended(event, at)
        elif kind in ENGAGED:
            visitor.engage(event, at)
            visitor.shop(event, at)
            if kind in LOOKS:
                popup.look(visitor, at, in_force(self.history, at), self.out)
        match kind:
            case "order.placed":
                placed = ordering.place(visitor, event, at)
                own, keys = placed.order, placed.keys
                if not placed.repeated and not own.recurring:
                    exit_intent.cancel(visitor, "ordered", own.id, at, self.out)
            case "order.cancelled":
                own = Cancelled(body["order"]["id"])
                keys = list(dict.fromkeys(keys + ordering.cancel(visitor, own.id)))
            case "consent.changed":
                own = _consent(event, at)
                visitor.consent = own.applied_to(visitor.consent)
                if not own.granted:
                    exit_intent.cancel(visitor, "consent", None, at, self.out)
            case "visitor.subscribed":
                own = _consent(event, at)
                visitor.consent = own.applied_to(visitor.consent)
                visitor.subscribed = True
                nobody_known = visitor.person().startswith("visitor:")
                if nobody_known and not own.old and not {"push", "messenger"} & {*own.channels}:
                    visitor.subscription = own.channels
            case "order.delivered":
                own = Delivered(body["order"]["id"])
                kept = visitor.ordered
                if kept is not None and kept.order.id == own.id:
                    keys = list(dict.fromkeys(keys + kept.keys))
            case "visitor.identified":
                own = body
                visitor.traits |= body.get("traits", {})
            case "exit.signal":
                exit_intent.signal(visitor, body, at, in_force(self.history, at), self.out)
        return own, keys

    def _presence_after(self, event: Event, at: int, changed: bool, unattended: bool) -> None:
        visitor = self.visitor
        if event.type in ENGAGED and not unattended:
            known = not visitor.person().startswith("visitor:") and visitor.presence is None
            if visitor.presence == "idle" or known:
                self.presence("visitor.active", at)
        elif changed and visitor.last_sign() is not None:
            active = visitor.last_active
            fresh = active is not None and at - active < 5 * MINUTE
            self.presence("visitor.active" if fresh else "visitor.idle", at)

    def _order_facts(self, order: Order, at: int) -> None:
        """Sends order facts to the person, and within 24h to the visitor's previous person."""
        person, former = self.visitor.person(), self.visitor.former
        self.tell(person, "order.placed", replace(order, kept_value=None))
        if former is not None and not order.recurring:
            if former[0] != person and at - former[1] < DAY:
                self.tell(former[0], "order.placed", replace(order, withheld=True, kept_value=None))

    def _claims(self, event: Event, own: Any, keys: list[str], changed: bool) -> None:
        """Sends the event's claims; a granting consent comes first."""
        visitor, person = self.visitor, self.visitor.person()
        grants = isinstance(own, Consent) and own.granted
        if grants:
            self._claim_fact(keys, person, own)
        claims.bind(visitor, event.owner.keys, changed, self.at, self.claim)
        if not grants:
            self._claim_fact(keys, person, own)

    def _claim_fact(self, keys: list[str], person: str, own: Any) -> None:
        for key in keys:
            if isinstance(own, Order) and not own.recurring:
                self.claim(key, "order.placed", (person, replace(own, kept_value=None)))
            if isinstance(own, Delivered):
                self.claim(key, "order.delivered", (person, own))
            if isinstance(own, Cancelled):
                self.claim(key, "order.cancelled", (person, own))
            if isinstance(own, Consent):
                self.claim(key, "consent.changed", (person, own))

    def _of_a_customer_before(self, event: Event, at: int) -> None:
        """Sends the event to that customer and to the event's keys only, without binding them."""
        person, order = f"customer:{event.owner.customer}", event.body.get("order", {})
        keys: list[str] = list(event.owner.keys)
        own: Any
        if event.type == "order.placed":
            named, owner = order.get("cart_id"), event.owner
            cart = named or owner.cart_of_visitor or owner.cart_of_keys
            own = Order(order["id"], at, order.get("recurring", False), cart)
            whole.tell(own, event, person, [], at)
            keys += [f"cart:{named}"] if named is not None else []
        elif event.type == "order.cancelled":
            own = Cancelled(order["id"])
        elif event.type == "order.delivered":
            own = Delivered(order["id"])
        else:
            own = _consent(event, at)
        self.tell(person, event.type, own)
        self._claim_fact(list(dict.fromkeys(keys)), person, own)


def visitor_tells(visitor: Visitor) -> list[tuple[str, Any]]:
    """Removes and returns the visitor's pending facts, the last of the event's own."""
    told, visitor.to_tell = visitor.to_tell, []
    return told


def _consent(event: Event, at: int) -> Consent:
    late = acceptance.late(event, at)
    old = whole.is_old(event, at)
    return Consent(event.body["channels"], event.body["granted"], late, old)
