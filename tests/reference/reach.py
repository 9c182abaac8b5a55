"""Section 7, guards 3 and 4: the channels that reach a person."""

from tests.reference.exit_intent import left_by_consent
from tests.reference.person import Episode, Person
from tests.reference.recipes import REMINDERS


def wanted(episode: Episode) -> list[str]:
    """The recipe's channels; for a welcome those of the subscription."""
    named = episode.channels
    return [each for each in episode.recipe.channels if named is None or each in named]


def reachable_now(person: Person) -> bool:
    """Whether guards 3 and 4 leave one channel."""
    if not reachable(person, REMINDERS):
        return False
    contacts = contacts_of(person)
    return any(
        person.consent.get(channel) is not False
        for channel in REMINDERS
        if contacts is None or channel in contacts
    )


def contacts_of(person: Person) -> list[str] | None:
    """The last known contacts; a contact person without any has the one in its name."""
    if person.contacts is None and person.id.startswith("email:"):
        return ["email"]
    if person.contacts is None and person.id.startswith("phone:"):
        return ["sms"]
    return person.contacts


def reachable(person: Person, channels: list[str]) -> bool:
    contacts = contacts_of(person)
    if contacts is None:
        return not person.id.startswith("visitor:")
    return bool(set(contacts) & set(channels))


def channels_of(person: Person, episode: Episode) -> list[str]:
    """Guard 4: the recipe's channels that may be used."""
    recipe, contacts = episode.recipe, contacts_of(person)
    channels = wanted(episode)
    if contacts is not None:
        channels = [channel for channel in channels if channel in contacts]
    return left_by_consent(channels, recipe, person.consent)
