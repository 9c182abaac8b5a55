"""Braze: POST /users/track, one custom event a request. Source: braze.com/docs/api, "Create and update users"."""

from typing import Any, ClassVar, Final

import msgspec

from agents.sender import responses
from agents.sender.responses import Response
from agents.sender.services.notification import Notification
from agents.sender.services.preset import Preset
from stream.outputs.triggers import rfc3339

LABEL: Final = "storefront"
"""The label of the user alias of a person that is no customer."""


class Braze(Preset):
    """Braze has no id of an event: an event whose answer was lost may stand there twice, with the same `trigger_id`.

    It answers 201 and lists what was wrong with an event that it left out; a 429 says in `X-RateLimit-Reset`
    when the next request may come.
    """

    name: ClassVar = "braze"
    address: ClassVar = None
    rate: ClassVar = 500  # 3,000 in three seconds for a workspace; others send, too
    most: ClassVar = 48 * 1024
    key: ClassVar = "a REST API key with the permission users.track"
    asks_for_body: ClassVar = True

    def path(self, told: Notification) -> str:
        return "/users/track"

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}

    def body(self, told: Notification) -> object:
        event: dict[str, Any] = {
            "name": told.event,
            "time": rfc3339(told.time),
            "properties": told.properties,
        }
        if told.person.sort == "customer":
            event["external_id"] = told.person.id
        else:
            event["user_alias"] = {"alias_name": told.person.name, "alias_label": LABEL}
            event["_update_existing_only"] = False
        return {"events": [event]}

    def answered(self, status: int, headers: dict[str, str], body: bytes, now: int) -> Response:
        if 200 <= status < 300 and _left_out(body):
            return Response("refused", str(status))
        if status == 429 and "retry-after" not in headers:
            return Response("failed", "429", _until(headers.get("x-ratelimit-reset", ""), now))
        return super().answered(status, headers, body, now)


def _left_out(body: bytes) -> bool:
    try:
        document = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
    return isinstance(document, dict) and bool(document.get("errors"))


def _until(reset: str, now: int) -> int | None:
    """ms from now to a time in seconds since 1970."""
    if not (reset.isascii() and reset.isdigit()):
        return None
    return min(max(int(reset[:12]) * 1000 - now, 0), responses.LONGEST_MS)
