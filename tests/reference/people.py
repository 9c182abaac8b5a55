"""Sections 1 and 6: the people stage for one person, fed with all of the person's facts."""

from tests.reference import purchases
from tests.reference.episodes import Feeding, idle
from tests.reference.facts import Fact
from tests.reference.outputs import Outputs
from tests.reference.person import Device, Person
from tests.reference.recipes import Recipes
from tests.reference.steps import step
from tests.reference.times import DAY


class People:
    """The people stage for one person."""

    def __init__(self, id_: str, recipes: Recipes, out: Outputs) -> None:
        self.person = Person(id_)
        self.known = False
        self.recipes = recipes
        self.out = out

    def advance(self, time: int) -> None:
        """All deadlines up to `time`, one after another; a step goes before forgetting."""
        while self.known:
            person = self.person
            forget = person.last_fact + 30 * DAY
            limit = min(time, forget)
            due = [
                (episode.due, episode.order(), episode)
                for episode in person.open_episodes()
                if episode.due is not None and episode.due <= limit
            ]
            if due:
                at, _, episode = min(due, key=lambda each: each[:2])
                step(person, episode, at, self.recipes, self.out)
            elif forget <= time:
                for episode in person.open_episodes():
                    episode.close("forgotten", forget, self.out)
                self.person, self.known = Person(person.id), False
            else:
                return

    def fact(self, fact: Fact) -> None:
        """Deadlines at the same time go first."""
        self.advance(fact.at)
        self.known, self.person.last_fact = True, fact.at
        person, body, at, out = self.person, fact.body, fact.at, self.out
        match fact.kind:
            case "visitor.active":
                person.devices.setdefault(fact.visitor, Device()).active = True
                person.plan(at)
            case "visitor.idle":
                person.devices[fact.visitor] = Device(False, body["last_active"], body["visits"])
                idle(Feeding(person, fact.visitor, body, at), self.recipes, out)
                person.plan(at)
            case "visitor.moved":
                person.devices.pop(fact.visitor, None)
                for episode in person.open_episodes():
                    if episode.fed_by == fact.visitor:
                        episode.close("moved", at, out)
                person.plan(at)
            case "handed over":
                purchases.handed_over(person, body, at, out)
            case "order.placed":
                purchases.placed(person, body, at, out)
            case "order.cancelled":
                purchases.cancelled(person, body)
            case "consent.changed":
                person.consents(body.applied_to(person.consent), at, out)
            case "visitor.identified":
                person.identified(body)
