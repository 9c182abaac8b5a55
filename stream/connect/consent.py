"""Consent and subscriptions: categories → channels, by the source's table. Source: docs/connect.md, 1.1 and 2.11."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from stream.connect.contact import REACHES
from stream.connect.reading import text, words
from stream.connect.source import Source

CHANNELS: Final = ("email", "sms", "push", "messenger", "onsite")


def changes(source: Source, said: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The consent.changed events for categories that are true or false.

    A channel is granted only if all its categories are. The withdrawal comes before the grant.
    """
    table = {words(category): channels for category, channels in source.consent.items()}
    allowed: dict[str, bool] = {}
    for category, granted in said.items():
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
"""Where a subscription names its channels, or a category of the source's table."""


def joined(source: Source, said: Mapping[str, Any], keys: Mapping[str, str]) -> list[str]:
    """The channels of a subscription: those that it names, else those of the address that comes along."""
    table = {words(category): channels for category, channels in source.consent.items()}
    named: set[str] = set()
    for word in _said(said):
        named |= {word} if word in CHANNELS else set(table.get(word, ()))
    reached = {channel for key, channel in REACHES.items() if key in keys}
    return [channel for channel in CHANNELS if channel in (named or reached)]


def _said(said: Mapping[str, Any]) -> Iterator[str]:
    for name in LISTS:
        told = said.get(name)
        for each in told if isinstance(told, list) else [told]:
            if text(each) is not None:
                yield words(each)
