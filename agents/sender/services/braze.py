"""Braze: POST /users/track, one custom event a request. Source: braze.com/docs/api, "Create and update users"."""

from typing import Any, ClassVar, Final

import msgspec

from agents.sender import responses
from agents.sender.responses import Response
from agents.sender.services.notification import Notification
from agents.sender.services.preset import Preset
from stream.outputs.triggers import rfc3339

LABEL: Final = "storefront"
"""The label of the user alias of a person who is not a customer."""


class Braze(Preset):
    """Braze has no event ids. If its answer is lost, it may store an event twice, with the same `trigger_id`.

    If it leaves an event out, it answers 201 and lists `errors`. With a 429, `X-RateLimit-Reset` says when the next
    request may be sent.
    """

    name: ClassVar = "braze"
    address: ClassVar = None
    rate: ClassVar = 500  # a workspace may send 3,000 in three seconds, and has other senders, too
    most: ClassVar = 48 * 1024
    key: ClassVar = "a REST API key with the permission users.track"
    asks_for_body: ClassVar = True

    def path(self, notification: Notification) -> str:
        return "/users/track"

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}

    def body(self, notification: Notification) -> object:
        event: dict[str, Any] = {
            "name": notification.event,
            "time": rfc3339(notification.time),
            "properties": notification.properties,
        }
        if notification.person.sort == "customer":
            event["external_id"] = notification.person.id
        else:
            event["user_alias"] = {"alias_name": notification.person.name, "alias_label": LABEL}
            event["_update_existing_only"] = False
        return {"events": [event]}

    def answered(self, status: int, headers: dict[str, str], body: bytes, now: int) -> Response:
        if 200 <= status < 300 and _left_out(body):
            return Response("refused", str(status))
        if status == 429 and "retry-after" not in headers:
            return Response("failed", "429", _until(headers.get("x-ratelimit-reset", ""), now))
        return super().answered(status, headers, body, now)


def _left_out(body: bytes) -> bool:
    """Whether Braze left the event out."""
    try:
        document = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
    return isinstance(document, dict) and bool(document.get("errors"))


def _until(reset: str, now: int) -> int | None:
    """Ms from now until `reset`, a time in seconds since 1970; None if it is not a number."""
    if not (reset.isascii() and reset.isdigit()):
        return None
    return min(max(int(reset[:12]) * 1000 - now, 0), responses.LONGEST_MS)
