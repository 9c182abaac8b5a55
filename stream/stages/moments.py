"""What time alone does to a person: steps due, bounds of audiences crossed, forgetting. Source: docs/semantics-life.md, 13.

At one time the steps come first, by priority, recipe and origin, then bounds, then forgetting. After each step the
audiences are looked at.
"""

from stream.episodes import life, lifecycle, steps
from stream.kinds import membership
from stream.outputs.outputs import Outputs
from stream.recipes.recipe import Recipes
from stream.state.person import Person


def fire(person: Person, until: int, recipes: Recipes, out: Outputs) -> bool:
    """Fires the person's deadlines at or before `until` (ms) in their order; False if that forgot the person."""
    keep = recipes.policy.keep
    while True:
        at = person.deadline(keep)
        if at > until:
            break
        episode = steps.next_due(person, at, recipes)
        if episode is not None:
            steps.decide(person, episode, recipes, out)
            if recipes.follows:
                membership.look(person, at, recipes, out)
        elif person.life is not None and person.life.bound == at:
            person.life.bound = -1
            membership.look(person, at, recipes, out)
        else:
            _forget(person, at, recipes, out)
            return False
    if person.life is not None:
        life.tidy(person, until)
    return True


def _forget(person: Person, at: int, recipes: Recipes, out: Outputs) -> None:
    for episode in person.open_episodes():
        lifecycle.close(person, episode, "forgotten", at, recipes, out)
    membership.leave_all(person, at, recipes, out)
