"""The bodies of our events that one foreign event becomes, or the reason why it becomes none.

Source: docs/connect.md, 2.2 and 2.10.
"""

from typing import Any, Final, NamedTuple

from stream.connect.events import Who, event
from stream.connect.ids import numbered
from stream.connect.reading import text, words
from stream.connect.source import Source
from stream.connect.translation import Translation

Body = tuple[str, dict[str, Any]]
"""The type of one of our events, and its fields without the owner's."""


class NoRow(NamedTuple):
    """A step, a status or a category of the shop for which no table has a row.

    `reason`: such as `unknown_step` · `name`: such as `step Gift wrap`. None if the event names none.
    """

    reason: str
    name: str | None

    def leave_out(self, done: Translation, event: str, path: str) -> None:
        """Counts it as left out, under the event's name if it has none."""
        done.leave_out(self.name or event, self.reason, path)


Bodies = list[Body] | str | NoRow
"""The bodies, or the reason why there is none."""

PING: Final[Body] = ("activity.pinged", {})
IGNORED: Final = "ignored"


def add_events(
    done: Translation, name: str, id: str, who: Who, bodies: Bodies, path: str = "$"
) -> None:
    """Adds the events of one foreign event. Several get numbered ids."""
    if isinstance(bodies, NoRow):
        bodies.leave_out(done, name, path)
        return
    if isinstance(bodies, str):
        done.leave_out(name, bodies, path)
        return
    for own, (kind, body) in zip(numbered(id, len(bodies)), bodies, strict=True):
        done.events.append(event(kind, own, who, **body))


def no_row(what: str, *names: Any) -> NoRow:
    """What has no row, by the first of its names that is there: the shop's table needs it."""
    named = next((found for name in names if (found := text(name)) is not None), None)
    return NoRow(f"unknown_{what}", None if named is None else f"{what} {named}")


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
