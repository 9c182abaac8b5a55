"""The bodies of our events that one foreign event becomes, or the reason why it becomes none.

Source: docs/connect.md, 2.2 and 2.10.
"""

from typing import Any, Final

from stream.connect.events import Who, event
from stream.connect.ids import numbered
from stream.connect.reading import words
from stream.connect.source import Source
from stream.connect.translation import Translation

Body = tuple[str, dict[str, Any]]
"""The type of one of our events, and its fields without the owner's."""

Bodies = list[Body] | str
"""The bodies, or the reason why there is none."""

PING: Final[Body] = ("activity.pinged", {})
IGNORED: Final = "ignored"


def add_events(
    done: Translation, name: str, id: str, who: Who, bodies: Bodies, path: str = "$"
) -> None:
    """Adds the events of one foreign event. Several get numbered ids."""
    if isinstance(bodies, str):
        done.leave_out(name, bodies, path)
        return
    for own, (kind, body) in zip(numbered(id, len(bodies)), bodies, strict=True):
        done.events.append(event(kind, own, who, **body))


def unknown(done: Translation, name: str, browser: bool, path: str = "$") -> Bodies:
    """Counts an event without a row. From a browser it is a sign of presence; from a server it is nothing."""
    done.leave_out(name, "unknown", path)
    return [PING] if browser else []


def renamed(source: Source, *names: str) -> str | None:
    """The type of ours to which the shop's own table maps an event, or "ignore"; None if it has no row."""
    if not source.events:
        return None
    table = {words(given): to for given, to in source.events.items()}
    return next((table[plain] for name in names if (plain := words(name)) in table), None)
