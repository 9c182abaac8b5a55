"""Decisions, triggers and cancels in words. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import tzinfo
from typing import Any, Final

from agents.explain import life_text
from agents.explain.event_text import moment, money, things
from agents.explain.refusal_reasons import Case, recipe_of, span, why
from agents.runtime.counted import counted
from stream.durations import DAY, HOUR, MINUTE, SECOND
from stream.outputs.triggers import CANCELLED
from stream.recipes.history import START, History
from stream.recipes.ids import trigger_id
from stream.recipes.recipe import EXIT, LIFE, POPUP, Recipe, Recipes

Record = Mapping[str, Any]

BY_TIME: Final = ("expired", "forgotten", "disabled")
"""Reasons that close an episode when a step comes due. All other reasons close it at once."""


ON_THE_PAGE: Final = frozenset((EXIT, POPUP))
"""Kinds that are shown, not sent."""

AT_THE_EVENT: Final = ON_THE_PAGE | LIFE
"""Kinds that may be decided at the time of the event behind it."""

TAKEN_BACK: Final[Mapping[str, str]] = {
    "ordered": "they ordered",
    "consent": "consent was withdrawn",
    "cancelled": "the order that it is about was cancelled",
    "erased": "they were erased",
}
"""Why a trigger is cancelled."""


class DecisionText:
    """The decisions, triggers and cancels of a person. A record that was written twice counts once."""

    def __init__(
        self,
        decisions: Sequence[Record],
        triggers: Sequence[Record],
        events: Sequence[Record],
        recipes: Recipes | History,
        zone: tzinfo,
    ) -> None:
        once = {
            (each["trigger_id"], each["outcome"], each.get("reason"), each["at"]): each
            for each in decisions
        }
        self.decisions = sorted(once.values(), key=lambda each: each["at"])
        published = {each["id"]: each for each in triggers}.values()
        self.cancels = [each["data"] for each in published if each["type"] == CANCELLED]
        self.fired = {each["id"]: each["data"] for each in published if each["type"] != CANCELLED}
        self.shadows = {each["trigger_id"] for each in decisions if each.get("shadow")}
        self.decided = {each["trigger_id"] for each in decisions}
        self.events, self.history, self.zone = events, History.of(recipes), zone

    def clock(self, at: int) -> str:
        return moment(at, self.zone)

    def is_due(self, decision: Record) -> bool:
        """Whether a deadline caused the decision, so that it comes before an event of the same time."""
        by_time = decision["outcome"] != "closed" or decision["reason"] in BY_TIME
        return by_time and self._recipe(decision).kind not in AT_THE_EVENT

    def _recipe(self, record: Record) -> Recipe:
        """The recipe by which a decision, a trigger or a cancel was made."""
        at = record["at"] if "at" in record else record["not_before"]
        return recipe_of(record, self.history.at(at))

    def decision(self, decision: Record) -> tuple[str, tuple[str, ...]]:
        """(the outcome in words, details)."""
        text, details = self._decision(decision)
        if decision.get("shadow"):
            text = f"Shadow: {text}"
        return text, (*details, *self._document(decision))

    def _document(self, decision: Record) -> Iterator[str]:
        """A line about the document that decided, if there is more than one document."""
        if len(self.history.documents) == 1:
            return
        document = self.history.document_at(decision["at"])
        if document.since == START:
            yield "Decided by the first document."
            return
        by = f" by {document.by}" if document.by else ""
        note = f": {document.note}" if document.note else ""
        yield f"Decided by the document{by} in force since {self.clock(document.since)}{note}."

    def _decision(self, decision: Record) -> tuple[str, tuple[str, ...]]:
        if decision["outcome"] == "fired":
            return self._fired(decision)
        because, otherwise = why(self._case(decision))
        details = [f"Because {because}."]
        if otherwise:
            details.append(otherwise)
        step = self._step(decision)
        if decision["outcome"] == "deferred":
            return f"{step} waits until {self.clock(decision['until'])}", tuple(details)
        if decision["outcome"] == "closed":
            left = decision["steps_left"]
            steps = counted(left, "step")
            return f"{decision['recipe']} ended with {steps} left", tuple(details)
        shown = self._recipe(decision).kind in ON_THE_PAGE
        return f"{step} was {'not shown' if shown else 'held back'}", tuple(details)

    def cancel(self, cancel: Record) -> str:
        because = TAKEN_BACK[cancel["reason"]]
        if cancel.get("order_id"):
            because += f" ({cancel['order_id']})"
        text = f"{self._step(cancel)} was cancelled: {because}"
        return f"Shadow: {text}" if self.is_of_shadow(cancel) else text

    def is_of_shadow(self, record: Record) -> bool:
        """Whether the record belongs to a recipe in shadow, of which nothing was sent."""
        return bool(record.get("shadow")) or record["trigger_id"] in self.shadows

    def _step(self, record: Record) -> str:
        steps = len(self._recipe(record).steps)
        return f"{record['recipe']} {record['step']} of {steps}" if steps > 1 else record["recipe"]

    def _case(self, decision: Record) -> Case:
        at = decision["at"]
        earlier = [
            each
            for each in self.decisions
            if each["outcome"] == "fired"
            and each["at"] <= at
            and each["trigger_id"] != decision["trigger_id"]
        ]
        orders = [
            event["t"]
            for event in self.events
            if event["type"] == "order.placed" and event["t"] <= at
        ]
        recipes = self.history.at(at)
        recipe = recipe_of(decision, recipes)
        return Case(decision, recipe, recipes, earlier, max(orders, default=None), self.clock)

    def _fired(self, decision: Record) -> tuple[str, tuple[str, ...]]:
        trigger = self.fired.get(decision["trigger_id"])
        step = self._step(decision)
        was = "would have been" if decision.get("shadow") else "was"
        if trigger is None:
            return f"{step} {was} sent", ()
        shown = self._recipe(decision).kind in ON_THE_PAGE
        text = f"{was} shown" if shown else f"{was} sent by {', '.join(trigger['channels'])}"
        return f"{step} {text}", tuple(self._about(trigger))

    def _about(self, trigger: Record) -> Iterator[str]:
        """Lines about the subject of a trigger, its reason, and its next step."""
        cart, product, reasons = trigger.get("cart"), trigger.get("product"), trigger["why"]
        if cart:
            yield f"Cart: {things(cart['items'])}, {money(cart['value'], cart.get('currency'))}."
        elif product and "also" not in trigger:
            yield f"Looked at: {product.get('name') or product['id']}."
        yield from life_text.about(trigger)
        because = life_text.because(trigger, self._recipe(trigger).kind)
        if "score" in reasons:
            signals = ", ".join(reasons.get("signals", ()))
            yield f"Because they seemed about to leave: {reasons['score']} of 1 ({signals})."
        elif because:
            yield because
        elif reasons["last_active"] < 0:
            yield "Because nothing held it back."
        else:
            pause = _lasted(trigger["not_before"] - reasons["last_active"])
            yield f"Because they were inactive for {pause}, and nothing held it back."
        if trigger.get("offer"):
            yield f"With the offer {trigger['offer']}."
        if trigger.get("arm"):
            yield f"In the arm {trigger['arm']} of the test."
        valid = trigger["valid_until"] - trigger["not_before"]
        short = valid < HOUR
        yield (
            f"Good for {span(valid)}."
            if short
            else f"Good until {self.clock(trigger['valid_until'])}."
        )
        yield from self._next(trigger)

    def _next(self, trigger: Record) -> Iterator[str]:
        recipe = self._recipe(trigger)
        step = trigger["step"] + 1
        if recipe.kind in ON_THE_PAGE or step > len(recipe.steps):
            return
        origin = trigger["cart"]["id"] if trigger.get("cart") else trigger["visitor"]
        origin = life_text.origin(trigger, recipe.kind) or origin
        key_time = trigger["why"]["key_time"]
        if trigger_id(recipe.name, trigger["person"], origin, key_time, step) in self.decided:
            return
        due = trigger["not_before"] + recipe.steps[step - 1] - recipe.steps[step - 2]
        yield f"Next is step {step} of {len(recipe.steps)}, not before {self.clock(due)}."


def _lasted(pause: int) -> str:
    """`1 day 11 hours` of ms: its largest unit and the next one, rounded down."""
    for larger, smaller in ((DAY, HOUR), (HOUR, MINUTE)):
        if pause >= larger:
            rest = pause % larger // smaller * smaller
            return " ".join(span(part) for part in (pause // larger * larger, rest) if part)
    unit = MINUTE if pause >= MINUTE else SECOND
    return span(pause // unit * unit)
