"""Consent and subscriptions: categories → channels, by the source's table. Source: docs/connect.md, 1.1 and 2.11."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from stream.connect.contact import REACHES
from stream.connect.reading import text, words
from stream.connect.source import Source

CHANNELS: Final = ("email", "sms", "push", "messenger", "onsite")


def changes(source: Source, consents: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The consent.changed bodies for categories that are true or false.

    A channel is granted only if all its categories are. The withdrawal comes before the grant.
    """
    table = {words(category): channels for category, channels in source.consent.items()}
    allowed: dict[str, bool] = {}
    for category, granted in consents.items():
        if isinstance(granted, bool):
            for channel in table.get(words(category), ()):
                allowed[channel] = granted and allowed.get(channel, True)
    found = []
    for granted in (False, True):
        channels = [name for name in CHANNELS if allowed.get(name) is granted]
        if channels:
            found.append(("consent.changed", {"channels": channels, "granted": granted}))
    return found


LISTS: Final = ("channels", "channel", "category", "list", "list_name", "list_id", "newsletter")
"""The fields in which a subscription names its channels, or a category of the source's table."""

OF_EMAIL: Final = ("email", "list_name", "list_id", "newsletter", "campaign_id")
"""How fields begin that are about an e-mail, such as `email_subject`."""


def joined(source: Source, properties: Mapping[str, Any], keys: Mapping[str, str]) -> list[str]:
    """The channels of a subscription: those that it names, otherwise those of the addresses that it carries."""
    named = _named_channels(source, properties)
    reached = {channel for key, channel in REACHES.items() if key in keys}
    return [channel for channel in CHANNELS if channel in (named or reached)]


def left(source: Source, name: str, properties: Mapping[str, Any]) -> list[str]:
    """The channels of a withdrawal: those of its list, by the source's table; else e-mail, if the event is about that."""
    gone = _named_channels(source, properties)
    if not gone and any(each.startswith(OF_EMAIL) for each in (words(name), *properties)):
        gone = {"email"}
    return [channel for channel in CHANNELS if channel in gone]


def _named_channels(source: Source, properties: Mapping[str, Any]) -> set[str]:
    table = {words(category): channels for category, channels in source.consent.items()}
    named: set[str] = set()
    for word in _named(properties):
        named |= {word} if word in CHANNELS else set(table.get(word, ()))
    return named


def _named(properties: Mapping[str, Any]) -> Iterator[str]:
    """The names of channels and categories in the properties, in plain words."""
    for name in LISTS:
        value = properties.get(name)
        for each in value if isinstance(value, list) else [value]:
            if text(each) is not None:
                yield words(each)
