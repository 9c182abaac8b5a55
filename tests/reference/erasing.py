"""Semantics of life, "Erasure": whom an erasure means, and the end of the visitor."""

from typing import TYPE_CHECKING

from tests.reference import exit_intent, ordering
from tests.reference.events import Event

if TYPE_CHECKING:
    from tests.reference.visitors import Stage

NOBODY = ("visitor:~customer:", "visitor:~email:", "visitor:~phone:")
"""Such a pseudo-visitor is the customer or the contact that names it, and no person of its own."""


def erase(stage: "Stage", event: Event) -> None:
    """Tells every person and key that is meant, and ends the visitor unless it is another customer's by now.

    The body of a claim: whether all owners of the key are meant, too; and the event. That of a fact: the event.
    """
    visitor, owner = stage.visitor, event.owner
    named = None if owner.customer is None else f"customer:{owner.customer}"
    of_another = owner.customer is not None and visitor.customer not in (None, owner.customer)
    people = [] if named is None else [named]
    keys = list(owner.keys)
    if of_another:
        if visitor.former is not None and visitor.former[0] == named:
            visitor.former = None
    else:
        itself = [visitor.person(), f"visitor:{visitor.id}"]
        people += [each for each in itself if not each.startswith(NOBODY)]
        people += [person for _, person, _ in visitor.bound_pairs]
        keys += [key for key, _, _ in visitor.bound_pairs]
        keys += ordering.addresses(visitor)
        keys += [] if visitor.ordered is None else visitor.ordered.keys
        exit_intent.cancel(visitor, "erased", None, stage.at, stage.out)
    people += [key for key in keys if key.startswith(("email:", "phone:"))]
    for person in dict.fromkeys(people):
        stage.tell(person, "person.erased", event.id)
    only_keys = owner.pseudo and owner.customer is None
    for key in dict.fromkeys(keys):
        stage.claim(key, "person.erased", (only_keys and key in owner.keys, event.id))
    if not of_another:
        stage.end()
