"""Fires the deadlines of a person. Source: docs/semantics-life.md, 13.

At one time the due steps come first, by priority, recipe and origin. Then come ends of watches, bounds of audiences,
and forgetting. The audiences are updated after each step.
"""

from stream.episodes import life, lifecycle, steps, watches
from stream.kinds import membership
from stream.outputs.outputs import Outputs
from stream.recipes.recipe import Recipes
from stream.state.cart import NEVER
from stream.state.person import Person


def fire(person: Person, until: int, recipes: Recipes, out: Outputs, since: int = NEVER) -> bool:
    """Fires the person's deadlines up to and including `until` (ms), in their order.

    A deadline before `since` (ms) fires at `since`. Returns False if that forgot the person.
    """
    keep = recipes.policy.keep
    while True:
        at = since = max(person.deadline(keep), since)
        if at > until:
            break
        episode = steps.next_due(person, at, recipes)
        if episode is not None:
            steps.decide(person, episode, recipes, out)
            if recipes.follows:
                membership.look(person, at, recipes, out)
        elif watches.end(person, at, out):
            continue
        elif person.life is not None and NEVER < person.life.bound <= at:
            person.life.bound = NEVER
            membership.look(person, at, recipes, out)
        else:
            forget(person, at, recipes, recipes, out)
            return False
    if person.life is not None:
        life.tidy(person, until, recipes)
    return True


def forget(person: Person, at: int, before: Recipes, recipes: Recipes, out: Outputs) -> None:
    """Closes the person's episodes, audiences and watches at `at` (ms). `before`: the recipes in force until then."""
    for episode in person.open_episodes():
        lifecycle.close(person, episode, "forgotten", at, before, out)
    watches.end(person, at, out, every=True)
    membership.leave_all(person, at, recipes, out, before)
