"""What time alone does to a person: steps due, bounds of audiences crossed, forgetting. Source: docs/semantics-life.md, 13.

At one time the steps come first, by priority, recipe and origin, then ends of watches, bounds and forgetting. After each step the
audiences are looked at.
"""

from stream.episodes import life, lifecycle, steps, watches
from stream.kinds import membership
from stream.outputs.outputs import Outputs
from stream.recipes.recipe import Recipes
from stream.state.cart import NEVER
from stream.state.person import Person


def fire(person: Person, until: int, recipes: Recipes, out: Outputs, since: int = NEVER) -> bool:
    """Fires the person's deadlines at or before `until` (ms) in their order, none before `since`; False if that forgot
    the person."""
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
    """Closes what the person still has; `before`: what was in force until then."""
    for episode in person.open_episodes():
        lifecycle.close(person, episode, "forgotten", at, before, out)
    watches.end(person, at, out, every=True)
    membership.leave_all(person, at, recipes, out, before)
