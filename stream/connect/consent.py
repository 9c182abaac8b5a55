"""Consent: from a source's categories to channels, by the source's table. Source: docs/connect.md, 1.1."""

from typing import Any, Final

from stream.connect.reading import words
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
