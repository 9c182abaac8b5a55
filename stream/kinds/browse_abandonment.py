"""Browse episodes: a visitor viewed products and left without a cart. Source: docs/semantics.md, 6.

A person has one for each recipe, about one visit of one visitor. A later visit that meets the
conditions replaces it. The visitor's own cart or checkout ends it, and so does any that opens a funnel
episode.
"""

from typing import Final

from stream.durations import DAY, HOUR, SECOND
from stream.episodes import lifecycle
from stream.episodes.visible_summary import VisibleSummary
from stream.outputs.outputs import Outputs
from stream.recipes.aliases import is_shadow
from stream.recipes.conditions import ALWAYS
from stream.recipes.recipe import BROWSE, Recipe, Recipes
from stream.state.cart import NEVER
from stream.state.facts import Idle, Summary
from stream.state.person import Episode, Person

DEFAULTS: Final = Recipe(
    BROWSE,
    BROWSE,
    steps=(HOUR,),
    cooldown=7 * DAY,
    valid_for=DAY,
    priority=80,
    ordered_within=7 * DAY,
)

DWELL: Final = 10 * SECOND
LOOKED_AT: Final = SECOND
DISTINCT: Final = 3
SAME_CATEGORY: Final = 3
AFTER_ADDING: Final = 24 * HOUR

SUB_KINDS: Final = ("product", "category", "recent", "search")
PRODUCT, CATEGORY, RECENT, SEARCH = SUB_KINDS


def sub_kind(summary: Summary) -> str:
    """The sub-kind of a visit, one of SUB_KINDS."""
    counts: dict[str | None, int] = {}
    for view in summary.views:
        if view.count >= 2:
            return PRODUCT
        counts[view.category] = counts.get(view.category, 0) + view.count
    counts.pop(None, None)
    if counts and max(counts.values()) >= SAME_CATEGORY:
        return CATEGORY
    return RECENT if _looked(summary) else SEARCH


def _looked(summary: Summary) -> bool:
    """Whether the visit showed one product for long enough, or several products at all."""
    looked_at = 0
    for view in summary.views:
        if view.dwell >= DWELL:
            return True
        looked_at += view.dwell >= LOOKED_AT or view.id == summary.on_screen
    return looked_at >= DISTINCT


def look(person: Person, fact: Idle, seen: VisibleSummary, recipes: Recipes, out: Outputs) -> None:
    """Opens, feeds, replaces or closes the person's browse episodes, by an idle visitor's visit."""
    opened, in_funnel = list[Episode](), False
    for each in person.episodes:
        if each.open:
            if each.kind == BROWSE:
                opened.append(each)
            elif each.course is None and not is_shadow(each.recipe):
                in_funnel = True
    for episode in opened:
        if in_funnel or (seen.is_buying and episode.origin == fact.visitor):
            lifecycle.close(person, episode, "superseded", fact.at, recipes, out)
    if in_funnel or seen.is_buying or not _meets(fact):
        return
    start = fact.summary.visit_start
    for episode in opened:
        if episode.origin == fact.visitor and episode.key_time == start:
            _feed(episode, fact, seen, sub_kind(fact.summary))
        elif start > episode.key_time:
            lifecycle.close(person, episode, "replaced", fact.at, recipes, out)
    for recipe in recipes.of[BROWSE]:
        if recipe.alias not in [each.recipe for each in opened if each.open]:
            _open(person, recipe, fact, seen)


def _meets(fact: Idle) -> bool:
    added_at = fact.summary.cart.added_at
    return (added_at == NEVER or fact.at - added_at >= AFTER_ADDING) and (
        _looked(fact.summary) or fact.summary.unanswered
    )


def _open(person: Person, recipe: Recipe, fact: Idle, seen: VisibleSummary) -> None:
    summary = fact.summary
    if lifecycle.is_remembered(person, recipe, fact.visitor, summary.visit_start, ""):
        return
    kind = sub_kind(summary)
    known = lifecycle.known(person, 0.0, seen.categories, kind)
    if recipe.when != ALWAYS and not recipe.when.holds(known):
        return
    episode = Episode(
        recipe.alias,
        recipe.kind,
        fact.visitor,
        summary.visit_start,
        fact.at,
        fact.visitor,
        fact.at,
    )
    _feed(episode, fact, seen, kind)
    person.episodes.append(episode)


def _feed(episode: Episode, fact: Idle, seen: VisibleSummary, sub_kind: str) -> None:
    episode.fed_at = fact.at
    episode.product = fact.summary.subject
    episode.looked_at = seen.looked_at
    episode.sub_kind = sub_kind
    episode.evidence = seen.evidence
