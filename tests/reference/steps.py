"""Section 7: a step that is due, and the guards it passes."""

from dataclasses import dataclass
from typing import Any

from tests.reference.exit_intent import left_by_consent
from tests.reference.outputs import Outputs, snapshot
from tests.reference.person import Episode, Person
from tests.reference.recipes import BROWSE, FUNNEL, Recipes, context
from tests.reference.times import DAY, MINUTE, is_quiet, quiet_until, zone

_NEAR = 5 * MINUTE


@dataclass
class Verdict:
    outcome: str
    reason: str | None = None
    until: int | None = None


def step(person: Person, episode: Episode, due: int, recipes: Recipes, out: Outputs) -> None:
    """The episode's next step comes due."""
    recipe, number, id_ = episode.recipe, episode.decided + 1, episode.id()
    verdict = judge(person, episode, due, recipes)
    if verdict.outcome == "closed":
        episode.close("expired", due, out)
        return
    if verdict.outcome == "deferred":
        episode.due = verdict.until
    else:
        if verdict.outcome == "fired":
            _fire(person, episode, due, out)
        episode.decided += 1
        episode.due = None
        episode.is_open = episode.decided < len(recipe.steps)
        if episode.is_open:
            person.plan_next(episode, due)
    out.decision(
        id_,
        recipe,
        number,
        person.id,
        episode.fed_by,
        verdict.outcome,
        due,
        verdict.reason,
        verdict.until,
    )


def judge(person: Person, episode: Episode, due: int, recipes: Recipes) -> Verdict:
    """The guards in their order; the first that refuses is the answer."""
    recipe, ordered = episode.recipe, person.orders.times()
    since = episode.opened
    if recipe.kind in FUNNEL and episode.changed_at is not None:
        since = max(since, episode.changed_at)
    if due - since > recipe.expires:
        return Verdict("closed", "expired")
    if any(due - recipe.ordered_within < at <= due for at in ordered):
        return Verdict("refused", "ordered")
    if recipe.reach == "known" and not _reachable(person, recipe.channels):
        return Verdict("refused", "unreachable")
    if not channels_of(person, episode):
        return Verdict("refused", "consent")
    for other in person.episodes:
        if other is not episode and other.recipe.name == recipe.name:
            for _, at in other.fired:
                if due - recipe.cooldown < at <= due and at > max(ordered, default=-1):
                    return Verdict("refused", "cooldown")
    capped = _cap(person, due, recipes) if recipe.capped else None
    if capped:
        return capped
    for other in person.episodes:
        if other is not episode and other.recipe.priority < recipe.priority:
            fired = any(due - _NEAR <= at <= due for _, at in other.fired)
            waits = other.is_open and other.due is not None and due < other.due <= due + _NEAR
            if fired or waits:
                return Verdict("refused", "lower_priority")
    if recipe.held_out(person.id):
        return Verdict("refused", "holdout")
    if recipes.quiet:
        where = zone(person.zone, recipes.zone)
        if is_quiet(due, recipes.quiet, where):
            return Verdict("deferred", "quiet", quiet_until(due, recipes.quiet, where))
    return Verdict("fired")


def _contacts(person: Person) -> list[str] | None:
    """As last told; a contact person to whom none were told has the one of its name."""
    if person.contacts is None and person.id.startswith("email:"):
        return ["email"]
    if person.contacts is None and person.id.startswith("phone:"):
        return ["sms"]
    return person.contacts


def _reachable(person: Person, channels: list[str]) -> bool:
    contacts = _contacts(person)
    if contacts is None:
        return not person.id.startswith("visitor:")
    return bool(set(contacts) & set(channels))


def channels_of(person: Person, episode: Episode) -> list[str]:
    """Guard 4: what is left of the recipe's channels."""
    recipe, contacts = episode.recipe, _contacts(person)
    channels = recipe.channels
    if contacts is not None:
        channels = [channel for channel in channels if channel in contacts]
    return left_by_consent(channels, recipe, person.consent)


def _cap(person: Person, due: int, recipes: Recipes) -> Verdict | None:
    counted = [
        at for episode in person.episodes if episode.recipe.capped for _, at in episode.fired
    ]
    for cap in recipes.caps:
        window = [at for at in counted if due - cap["per"] < at <= due]
        if len(window) >= cap["max"]:
            if cap["then"] == "drop":
                return Verdict("refused", "cap")
            return Verdict("deferred", "cap", min(window) + cap["per"])
    return None


def _fire(person: Person, episode: Episode, due: int, out: Outputs) -> None:
    recipe, cart = episode.recipe, episode.cart()
    message = len(episode.fired) + 1
    offer = None
    if person.last_offer is None or due - person.last_offer >= 30 * DAY:
        known = context(
            person.visits(),
            len(person.orders.record),
            person.traits,
            cart,
            episode.subject,
            episode.sub_kind,
            message,
        )
        offer = recipe.offer(known)
    if offer is not None:
        person.last_offer = due
    value: Any = cart["value"] if cart else 0
    if recipe.kind == BROWSE and not cart and episode.subject:
        value = episode.subject.get("price", 0)
    customer = person.id.removeprefix("customer:") if person.id.startswith("customer:") else None
    data = {
        "trigger_id": episode.id(),
        "recipe": recipe.name,
        "version": recipe.version,
        "step": episode.decided + 1,
        "steps": len(recipe.steps),
        "message": message,
        "sub_kind": episode.sub_kind,
        "person": person.id,
        "customer": customer,
        "visitor": episode.fed_by,
        "channels": channels_of(person, episode),
        "cart": snapshot(cart),
        "value": value,
        "offer": offer,
        "arm": recipe.arm(person.id),
        "not_before": due,
        "valid_until": due + recipe.valid_for,
    }
    episode.fired.append((episode.decided, due))
    episode.published.append(data)
    out.fired(data, due)
