"""The values of a person that conditions of audiences use. Pure. Source: docs/semantics-life.md, 13."""

from stream.kinds import membership
from stream.recipes.aliases import is_shadow
from stream.recipes.audiences import Members
from stream.recipes.conditions import Known
from stream.state.person import Person


class Standing:
    """A person at `at` (ms). `anchor`, `ordered`: the times of the last visit and order (ms), NEVER if there is none."""

    def __init__(self, person: Person, at: int) -> None:
        self.person, self.at = person, at
        self.active, self.anchor, self.ordered, visits = membership.lately(person)
        self.known = Known(visits, person.order_count, spent=person.spent)
        self.open = {
            each.kind for each in person.episodes if each.open and not is_shadow(each.recipe)
        }
        self.interests = person.life.interests if person.life is not None else {}

    def holds(self, members: Members) -> bool:
        """Whether all conditions hold, decided by the core."""
        return membership.fulfils(self.person, self.at, members)
