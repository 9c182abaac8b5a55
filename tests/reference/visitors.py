"""Sections 2 to 4: one visitor's events become facts, in the order given there."""

from dataclasses import dataclass, field
from typing import Any

from tests.reference import exit_intent
from tests.reference.events import BODIES, ENGAGED, EVEN_IF_LATE
from tests.reference.outputs import Outputs
from tests.reference.recipes import Recipes
from tests.reference.times import DAY, MINUTE
from tests.reference.visitor import Visitor

_OWN_FACTS = ("order.placed", "order.cancelled", "consent.changed", "visitor.identified")


@dataclass(order=True)
class Fact:
    """The order of facts is that of section 1."""

    at: int
    visitor: str
    n: int
    person: str = field(compare=False)
    kind: str = field(compare=False)
    body: Any = field(compare=False, default=None)


class Stage:
    """The visitors stage for one visitor."""

    def __init__(self, id_: str, recipes: Recipes, out: Outputs) -> None:
        self.visitor = Visitor(id_)
        self.recipes = recipes
        self.out = out
        self.facts: list[Fact] = []

    def _tell(self, at: int, person: str, kind: str, body: Any = None) -> None:
        self.facts.append(Fact(at, self.visitor.id, len(self.facts), person, kind, body))

    def _presence(self, kind: str, at: int) -> None:
        visitor = self.visitor
        visitor.presence = kind
        body = visitor.summary(at) if kind == "idle" else None
        self._tell(at, visitor.person(), f"visitor.{kind}", body)

    def advance(self, time: int) -> None:
        """Deadlines up to `time`: first idle, then (much later) forgotten."""
        visitor = self.visitor
        if visitor.last_active is not None and visitor.idle_pending:
            due = visitor.last_active + 5 * MINUTE
            if due <= time:
                visitor.idle_pending = False
                if visitor.presence == "active" or visitor.can_act(due):
                    self._presence("idle", due)
        if visitor.last_event is not None and visitor.last_event + 30 * DAY <= time:
            self.visitor = Visitor(visitor.id)

    def event(self, event: dict[str, Any], at: int) -> None:
        self.advance(at)
        kind, visitor = event["type"], self.visitor
        if kind not in BODIES or event["id"] in visitor.ids:
            return
        late = "client_time" in event and event["client_time"] < at - 5 * MINUTE
        if late and kind not in EVEN_IF_LATE:
            return
        if visitor.starts_visit(kind, at):
            visitor.new_visit(at)
            visitor.ids = []
        visitor.ids = [*visitor.ids, event["id"]][-16:]
        visitor.last_event = at
        changed = self._change_person(event, at)
        self._apply(event, at)
        if kind in ENGAGED:
            known = visitor.customer is not None and visitor.presence is None
            if visitor.presence == "idle" or known:
                self._presence("active", at)
        elif changed and visitor.last_active is not None:
            fresh = at - visitor.last_active < 5 * MINUTE
            self._presence("active" if fresh else "idle", at)
        if kind in _OWN_FACTS:
            self._tell(at, visitor.person(), kind, event)

    def _change_person(self, event: dict[str, Any], at: int) -> bool:
        visitor = self.visitor
        if "customer" not in event or event["customer"] == visitor.customer:
            return False
        taken: dict[str, Any] = {"orders": [], "consent": {}}
        if visitor.customer is None:
            taken = {"orders": list(visitor.orders), "consent": dict(visitor.consent)}
        self._tell(at, visitor.person(), "visitor.moved")
        visitor.customer, visitor.presence = event["customer"], None
        self._tell(at, visitor.person(), "taken_over", taken)
        return True

    def _apply(self, event: dict[str, Any], at: int) -> None:
        kind, visitor = event["type"], self.visitor
        if kind in ENGAGED:
            visitor.engage(event, at)
            visitor.shop(event, at)
        if kind == "order.placed" and visitor.order(event["order"], at):
            exit_intent.cancel(visitor, "ordered", event["order"]["id"], at, self.out)
        if kind == "order.cancelled":
            visitor.take_back(event["order"]["id"])
        if kind == "consent.changed":
            visitor.consent |= dict.fromkeys(event["channels"], event["granted"])
            if not event["granted"]:
                exit_intent.cancel(visitor, "consent", None, at, self.out)
        if kind == "visitor.identified":
            visitor.traits |= event.get("traits", {})
        if kind == "exit.signal":
            exit_intent.signal(visitor, event, at, self.recipes, self.out)
