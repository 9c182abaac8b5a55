"""Makes events small enough to be read: what decorates lines goes first, then the lines of an order.

An order ends things, however many lines it has. Source: docs/semantics.md, 2; docs/connect.md, 2.12.
"""

from typing import Any, Final

import msgspec

from stream.connect.translation import Translation
from stream.events.decoding import LARGEST, LARGEST_CART

LISTS: Final = {"order.placed": "order", "cart.updated": "cart"}
"""The part with a list of lines, by the type of the event."""

DECORATION: Final = ("image", "url", "name")
"""Fields of a line that nothing is decided by, the longest first."""

TOO_LARGE: Final = "too_large"
encode: Final = msgspec.json.Encoder().encode


def is_too_large(event: dict[str, Any], size: int) -> bool:
    """Whether a worker refuses the event. `size`: in bytes, as JSON."""
    return size > (LARGEST_CART if event["type"] == "cart.updated" else LARGEST)


def fitted(event: dict[str, Any], done: Translation) -> dict[str, Any]:
    """The event in as many bytes as are read, if leaving parts out helps. What is left out is reported."""
    name = LISTS.get(event["type"])
    part = event.get(name) if name is not None else None
    if name is None or not isinstance(part, dict) or "items" not in part:
        return event
    for field in DECORATION:
        lines = [_without(line, field) for line in event[name]["items"]]
        event = {**event, name: {**event[name], "items": lines}}
        done.leave_out(event["type"], TOO_LARGE, f"$.{name}.items[*].{field}")
        if not is_too_large(event, len(encode(event))):
            return event
    if name == "order":
        done.leave_out(event["type"], TOO_LARGE, "$.order.items")
        return {**event, name: _without(event[name], "items")}
    return event


def _without(part: dict[str, Any], field: str) -> dict[str, Any]:
    return {name: value for name, value in part.items() if name != field}
