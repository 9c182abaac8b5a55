"""Words for the life kinds: what a message is about, what a step waits for, and audiences. Pure.

Source: docs/semantics-life.md, 12 and 13.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from agents.explain import conditions_text
from agents.explain.conditions_text import Clock
from agents.explain.event_text import money, things
from agents.explain.outlook import Belonging, Outlook
from agents.explain.pending_steps import Step
from agents.explain.refusal_reasons import span
from stream.outputs.audience_changes import ENTERED
from stream.recipes.recipe import AUDIENCE, POPUP, POST_PURCHASE, REPLENISHMENT, WELCOME, Recipes

Record = Mapping[str, Any]

BECAUSE: Final[Mapping[str, str]] = {
    WELCOME: "Because they joined the list, and nothing held it back.",
    POST_PURCHASE: "Because they ordered, and nothing held it back.",
    REPLENISHMENT: "Because what they bought must be nearly used up, and nothing held it back.",
    AUDIENCE: "Because they belong to the audience {audience}, and nothing held it back.",
    POPUP: "Because they looked around ({looks} looks in this visit) and are on no list yet.",
}
"""Why a message was sent, by kind."""


def about(trigger: Record) -> Iterator[str]:
    """The order that a trigger is about, or the products that must be used up."""
    order, product = trigger.get("order"), trigger.get("product")
    if order:
        worth = money(order["value"], order.get("currency")) if order["value"] is not None else ""
        bought = things(order["items"]) or "without lines"
        yield f"Order {order['id']}: {', '.join(filter(None, (bought, worth)))}."
    if "also" in trigger and product:
        yield f"About: {', '.join(each.get('name') or each['id'] for each in (product, *trigger['also']))}."


def because(trigger: Record, kind: str) -> str | None:
    """Why a trigger of this kind was sent. None for a kind that waits for a pause."""
    text = BECAUSE.get(kind)
    looks = trigger["why"].get("looks", "some")
    return text and text.format(audience=trigger.get("audience"), looks=looks)


def origin(trigger: Record, kind: str) -> str | None:
    """The origin of an episode of this kind. None if it is not a life kind."""
    if kind == WELCOME:
        return WELCOME
    if kind == POST_PURCHASE:
        return str(trigger["order"]["id"])
    if kind == REPLENISHMENT:
        return str(trigger["product"]["id"])
    return str(trigger["audience"]) if kind == AUDIENCE else None


def change(record: Record, recipes: Recipes) -> tuple[str, tuple[str, ...]]:
    """(a change of an audience, who its members are) as lines."""
    name = record["audience"]
    text = f"{'entered' if record['type'] == ENTERED else 'left'} the audience {name}"
    audience = next((each for each in recipes.audiences.all if each.name == name), None)
    if audience is None:
        return text, ()
    return text, (f"Its members: {conditions_text.wanted(audience)}.",)


def belonging(found: Belonging, is_here: bool, clock: Clock) -> Iterator[str]:
    """Since when somebody belongs to an audience, why, and when that ends by itself."""
    yield f"{found.audience}, since {clock(found.since)}"
    yield f"Because of: {'; '.join(found.because)}." if found.because else "Of a former document."
    if found.leaves is None:
        yield "Time alone does not end it."
    elif found.when_left:
        yield f"Leaves it by itself on {clock(found.leaves)}: no more “{found.when_left}”."
    else:
        yield f"Leaves it by itself on {clock(found.leaves)}, when they are forgotten."
    if is_here:
        yield "They are at the shop now: times since the visit count from its end."


def comes(found: Outlook, clock: Clock) -> Iterator[str]:
    """The audiences that a person enters if nothing happens."""
    for each in sorted(found.comes, key=lambda coming: coming.at):
        yield f"{each.audience}, by itself on {clock(each.at)}"


def waits_for(step: Step, clock: Clock) -> str:
    """What the next step of an episode waits for, in a sentence without its end."""
    if step.due is None and step.until is not None:
        return f"the delivery of the order {step.order}, until {clock(step.until)} at most"
    if step.due is None:
        return "a pause: they are at the shop"
    return f"{clock(step.due)}{_after(step)}"


def _after(step: Step) -> str:
    """What the time of a life step counts from."""
    if step.base is None or step.due is None:
        return ""
    later = step.due - step.base
    gap = f"{span(later)} after" if later > 0 else "at"
    if step.kind == REPLENISHMENT:
        return f": {step.product} of the order {step.order} must be nearly used up by then"
    since: dict[str, str] = {
        WELCOME: "the subscription",
        POST_PURCHASE: f"the order {step.order}, or its delivery",
        AUDIENCE: f"entering {step.origin}",
    }
    return f", {gap} {since[step.kind]}" if step.kind in since else ""
