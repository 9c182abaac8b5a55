"""Sections 1 and 6: the people stage for one person, fed with all of the person's facts."""

from typing import Any

from tests.reference import purchases, whole
from tests.reference.audiences import change, next_bound
from tests.reference.episodes import Feeding, idle
from tests.reference.facts import Fact
from tests.reference.life import Life
from tests.reference.orders import Order
from tests.reference.outputs import Outputs
from tests.reference.person import Device, Person
from tests.reference.recipes import Recipes
from tests.reference.steps import step


class People:
    """The people stage for one person."""

    def __init__(self, id_: str, recipes: Recipes, out: Outputs) -> None:
        self.person = Person(id_)
        self.known = False
        self.recipes = recipes
        self.out = out

    def advance(self, time: int) -> None:
        """All deadlines up to `time`, one after another; a step goes before forgetting, and nobody is forgotten before
        the last step that was planned."""
        decided = 0
        while self.known:
            person = self.person
            planned = [each.due for each in person.open_episodes() if each.is_life]
            forget = max(
                person.remembered_from + self.recipes.keep, *[due or 0 for due in planned], decided
            )
            limit = min(time, forget)
            due = [
                (wakes, episode.order(), episode)
                for episode in person.open_episodes()
                for wakes in [episode.wakes()]
                if wakes is not None and wakes <= limit
            ]
            bound = None if person.left else next_bound(person, self.recipes)
            first = min((each[0] for each in due), default=limit + 1)
            if bound is not None and bound <= limit and bound < first:
                self._look(bound)
            elif due:
                at, _, episode = min(due, key=lambda each: each[:2])
                decided = at
                step(person, episode, at, self.recipes, self.out)
                self._look(at)
            elif forget <= time:
                for episode in person.open_episodes():
                    episode.close("forgotten", forget, self.out)
                change(person, [], forget, self.recipes, self.out)
                self.person, self.known = Person(person.id), False
            else:
                return

    def fact(self, fact: Fact) -> None:
        """Deadlines at the same time go first."""
        self.advance(fact.at)
        person, body, at, out = self.person, fact.body, fact.at, self.out
        if fact.kind == "brought":
            self._brought(body, at)
            return
        if fact.kind == "visitor.moved" and not self.known:
            return
        self.known, person.remembered_from = True, at
        by_a_key = fact.visitor.startswith("~~")
        if not by_a_key and not (fact.kind == "order.placed" and body.withheld):
            person.left = False
        life = Life(person, at, self.recipes, out, fact.visitor)
        self._apply(fact, life)
        life.look()

    def _look(self, at: int) -> None:
        Life(self.person, at, self.recipes, self.out).look()

    def _brought(self, parts: Order, at: int) -> None:
        """What a key forwards of a repetition: nothing to whom does not know the order."""
        known = self.person.orders.same(parts) if self.known else None
        if known is None:
            return
        entered = whole.brings(known, parts)
        life = Life(self.person, at, self.recipes, self.out)
        if entered is not None:
            life.brought(known, entered)
        life.look()

    def _apply(self, fact: Fact, life: Life) -> None:
        person, body, at, out = self.person, fact.body, fact.at, self.out
        match fact.kind:
            case "visitor.active":
                person.devices.setdefault(fact.visitor, Device()).active = True
                person.plan(at)
            case "visitor.idle":
                person.devices[fact.visitor] = Device(False, body["last_active"], body["visits"])
                self._views(body["views"])
                idle(Feeding(person, fact.visitor, body, at), self.recipes, out)
                person.plan(at)
            case "visitor.moved":
                person.devices.pop(fact.visitor, None)
                for episode in person.open_episodes():
                    own = episode.fed_by == fact.visitor
                    if episode.is_life:
                        own = person.id.startswith("visitor:")
                    if own:
                        episode.close("moved", at, out)
                person.left = not person.devices
                person.plan(at)
            case "handed over":
                purchases.handed_over(person, body, at, out, life)
            case "order.placed":
                placed = purchases.placed(person, body, at, out, handed_over=False)
                purchases.follows(life, *placed)
            case "order.cancelled":
                life.taken_out(purchases.cancelled(person, body))
            case "order.delivered":
                life.delivered(body.id)
            case "visitor.subscribed":
                person.consents(body.applied_to(person.consent), at, out)
                person.subscribed(body.channels)
                if not body.old:
                    life.subscribed(body.channels)
            case "consent.changed":
                person.consents(body.applied_to(person.consent), at, out)
            case "visitor.identified":
                person.identified(body)

    def _views(self, views: list[dict[str, Any]]) -> None:
        """When what some audience names was last viewed."""
        for view in views:
            for name in (("category", view.get("category")), ("product", view["id"])):
                if name in self.recipes.named():
                    known = self.person.viewed
                    known[name] = max(known.get(name, -1), view["at"])
