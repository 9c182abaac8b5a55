"""Why a step was held back, and what would have let it through, in words that a marketer understands.

Pure: one plain sentence each for every reason of a decision. Source: docs/semantics.md, 5 to 7.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from agents.runtime.counted import counted
from stream.durations import DAY, HOUR, MINUTE, SECOND
from stream.episodes.guards import LOWER_PRIORITY_WITHIN
from stream.kinds.exit_guards import AFTER_LOOK, AFTER_VISIT_START
from stream.kinds.registry import KINDS
from stream.recipes.aliases import alias_of
from stream.recipes.recipe import CART, EXIT, POPUP, POST_PURCHASE, Recipe, Recipes

Decision = Mapping[str, Any]


class Case(NamedTuple):
    """A decision with what is needed to explain it.

    `earlier`: the decisions that fired for the person before it, in order. `order`: the time (ms)
    of the last order before it that is known. `clock` writes a time (ms) as the reader has it.
    """

    decision: Decision
    recipe: Recipe
    recipes: Recipes
    earlier: Sequence[Decision]
    order: int | None
    clock: Callable[[int], str]

    @property
    def is_exit(self) -> bool:
        """Whether it is shown on the page."""
        return self.recipe.kind in (EXIT, POPUP)

    def channels(self) -> str:
        return ", ".join(self.recipe.channels[:-1]) + (
            f" or {self.recipe.channels[-1]}"
            if self.recipe.channels[1:]
            else self.recipe.channels[0]
        )


def why(case: Case) -> tuple[str, str]:
    """(why it was held back, what would have let it through) for a step that did not fire."""
    reason = case.decision.get("reason", "")
    known = REASONS.get(reason)
    return known(case) if known else (f"the reason given is {reason!r}", "")


def recipe_of(decision: Decision, recipes: Recipes) -> Recipe:
    """The recipe in force; for a removed one, its kind's shipped recipe."""
    name = decision["recipe"]
    shadow = recipes.by_alias.get(alias_of(name, True))
    return recipes.by_name.get(name) or shadow or KINDS.get(name) or KINDS[CART]


def span(duration: int) -> str:
    """`3 days`, `1 hour`, `90 seconds` of ms."""
    for unit, name in ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute"), (SECOND, "second")):
        if duration >= unit and duration % unit == 0:
            return counted(duration // unit, name)
    return f"{duration / SECOND:g} seconds"


def _too_soon(case: Case) -> tuple[str, str]:
    return (
        f"the visit was less than {span(AFTER_VISIT_START)} old, or a page was opened less than "
        f"{span(AFTER_LOOK)} before",
        "The same signal a few seconds later would have passed.",
    )


def _paying(case: Case) -> tuple[str, str]:
    return (
        "they were about to pay, and must not be disturbed then",
        "Before the payment page, or after a failed payment, it would have passed.",
    )


def _ordered(case: Case) -> tuple[str, str]:
    when = f" ({case.clock(case.order)})" if case.order is not None else ""
    if case.is_exit:
        return f"they ordered in this visit{when}", "A visit without an order would show it."
    within = span(case.recipe.ordered_within)
    return (
        f"they ordered within the last {within}{when}",
        f"Without that order, or more than {within} after it, it would have been sent.",
    )


def _already(case: Case) -> tuple[str, str]:
    return (
        "it was shown in this visit already",
        f"A later visit may show it, once {span(case.recipe.cooldown)} have passed.",
    )


def _cooldown(case: Case) -> tuple[str, str]:
    pause = span(case.recipe.cooldown)
    same = [each for each in case.earlier if each["recipe"] == case.decision["recipe"]]
    if not same:
        return f"one was sent within the last {pause}", f"It could be sent {pause} later."
    last = same[-1]["at"]
    sooner = "" if case.is_exit else ", or after an order"
    return (
        f"one was sent on {case.clock(last)}, and two must be {pause} apart",
        f"From {case.clock(last + case.recipe.cooldown)} on it would have been sent{sooner}.",
    )


def _consent(case: Case) -> tuple[str, str]:
    if case.recipe.consent == "granted":
        return (
            "they agreed to none of its channels",
            f"With their consent to messages by {case.channels()} it would have been sent.",
        )
    return (
        "they withdrew their consent to each of its channels",
        f"With their consent to messages by {case.channels()} it would have been sent.",
    )


def _holdout(case: Case) -> tuple[str, str]:
    share = f"{case.recipe.holdout / 100:g} %" if case.recipe.holdout else "share"
    return (
        f"they belong to the {share} of people who do not get it, to measure its effect",
        "Only with a smaller holdout in the recipe would it be sent.",
    )


def _unreachable(case: Case) -> tuple[str, str]:
    return (
        "no channel reaches them: no login, or no address for its channels",
        f"With a login, and contacts among {case.channels()} if any are given, it would have been sent.",
    )


def _cap(case: Case) -> tuple[str, str]:
    limits = "; ".join(f"{cap.max} in {span(cap.per)}" for cap in case.recipes.policy.caps)
    recent = [each for each in case.earlier if recipe_of(each, case.recipes).capped]
    last = f", the last on {case.clock(recent[-1]['at'])}" if recent else ""
    then = (
        f"It waits until {case.clock(case.decision['until'])}."
        if "until" in case.decision
        else "With fewer messages in that time it would have been sent."
    )
    return f"they already had the most messages that are allowed ({limits}){last}", then


def _lower_priority(case: Case) -> tuple[str, str]:
    return (
        f"a more important message was sent in the {span(LOWER_PRIORITY_WITHIN)} before, or is due in the "
        f"{LOWER_PRIORITY_WITHIN // MINUTE} after",
        f"It waits until {case.clock(case.decision['until'])}."
        if "until" in case.decision
        else f"Without that one, or more than {span(LOWER_PRIORITY_WITHIN)} away from it, it would have been sent.",
    )


def _quiet(case: Case) -> tuple[str, str]:
    return "it is night where they are", f"It waits until {case.clock(case.decision['until'])}."


def _past(case: Case) -> tuple[str, str]:
    return (
        "its time had passed before the person became known",
        "Had they been known when they ordered, it would have come in time.",
    )


def _joined(case: Case) -> tuple[str, str]:
    return (
        "another message of this recipe includes this product",
        f"More than {span(case.recipe.cooldown)} apart, it would have been sent alone.",
    )


def _expired(case: Case) -> tuple[str, str]:
    limit = span(case.recipe.expires)
    if case.recipe.kind == POST_PURCHASE:
        because = f"no delivery of the order was reported within {limit}"
        return because, "Once it arrives, its steps count."
    return (
        f"it became due more than {limit} after it began and the cart last changed",
        f"With a pause within {limit} it would have been sent.",
    )


def _closed(because: str, otherwise: str) -> Callable[[Case], tuple[str, str]]:
    return lambda case: (because, otherwise)


def _disabled(case: Case) -> tuple[str, str]:
    if case.decision["outcome"] == "refused":
        return "the recipe was switched off", "Switched on, it would have been decided."
    return "the recipe is no longer in force", "With the recipe in force it would have continued."


REASONS: Final[Mapping[str, Callable[[Case], tuple[str, str]]]] = {
    "too_soon": _too_soon,
    "paying": _paying,
    "ordered": _ordered,
    "already": _already,
    "cooldown": _cooldown,
    "consent": _consent,
    "holdout": _holdout,
    "unreachable": _unreachable,
    "cap": _cap,
    "lower_priority": _lower_priority,
    "quiet": _quiet,
    "expired": _expired,
    "past": _past,
    "joined": _joined,
    "cancelled": _closed(
        "the order that it is about was cancelled",
        "With that order in place it would have continued.",
    ),
    "left": _closed(
        "they do not belong to its audience any more",
        "It would have continued for as long as they belonged to it.",
    ),
    "superseded": _closed(
        "they went on in another way: a stronger signal took its place",
        "It would have continued, had they done nothing more.",
    ),
    "emptied": _closed(
        "the cart was emptied",
        "With something left in the cart it would have continued.",
    ),
    "replaced": _closed(
        "a newer cart or visit on the same device took its place",
        "It would have continued without the newer one.",
    ),
    "moved": _closed(
        "the device is somebody else's now: another login",
        "Reminders continue for the person who logged in, if there is something to remind of.",
    ),
    "converted": _closed("they ordered", "Without the order it would have continued."),
    "forgotten": _closed(
        "they were inactive for as long as people are remembered",
        "Any event in that time would have kept it open.",
    ),
    "erased": _closed("they were erased", "Later events belong to a new person."),
    "disabled": _disabled,
}
