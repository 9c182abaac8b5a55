"""Replies to accepted messages, each in the form that its SDK accepts as a success. Several SDKs do not accept 202.

Source: docs/connect.md, 1.
"""

import json
from typing import Final

from agents.faces.batches import messages
from agents.faces.post import JSON, Post, Reply
from stream.connect.reading import first, listing, parse, text

GIF: Final = bytes.fromhex(
    "47494638396101000100800000ffffff00000021f90401000000002c00000000010001000002024401003b"
)
"""One transparent pixel."""

TEXT: Final = "text/plain; charset=utf-8"
FRESH: Final = {"Cache-Control": "no-cache, no-store, must-revalidate"}

SUCCESS: Final = Reply(200, b'{"success": true}', JSON)
STATUS_OK: Final = Reply(200, b'{"status":"Ok"}', JSON)
RESULTS: Final = Reply(200, b'{"results":{}}', JSON)
"""PostHog's SDK retries only events that `results` lists."""

OK: Final = Reply(200, b"ok", TEXT)
EMPTY: Final = Reply(200)
NO_CONTENT: Final = Reply(204)
PIXEL: Final = Reply(200, GIF, "image/gif", FRESH)
NO_FLAGS: Final = Reply(200, b"{}", JSON)
NO_SCRIPT: Final = Reply(200, b"{}", "text/javascript")
NOT_FOUND: Final = Reply(404, b'{"code":"not_found","message":"expected a path of a source"}', JSON)
LET_PASS: Final = Reply(200, b'[{"op":"success"}]', JSON)
"""A shop's checkout waits for this answer, and then continues."""


def success(post: Post, invalid: int) -> Reply:
    return SUCCESS


def status_ok(post: Post, invalid: int) -> Reply:
    return STATUS_OK


def results(post: Post, invalid: int) -> Reply:
    return RESULTS


def ok(post: Post, invalid: int) -> Reply:
    return OK


def empty(post: Post, invalid: int) -> Reply:
    return EMPTY


def validated(post: Post, invalid: int) -> Reply:
    """Nothing, but for Event Grid's test of a new address: the code that it sent."""
    if post.headers.get("aeg-event-type") != "SubscriptionValidation":
        return EMPTY
    code = text(first(next(iter(listing(parse(post.body))), None), "data.validationCode"))
    return Reply(200, json.dumps({"validationResponse": code}).encode(), JSON)


def no_content(post: Post, invalid: int) -> Reply:
    return NO_CONTENT


def pixel(post: Post, invalid: int) -> Reply:
    return PIXEL


def of_matomo(post: Post, invalid: int) -> Reply:
    """The reply to Matomo: counts for a bulk request; for one hit a pixel, or 204 if the hit wants no image."""
    if post.body.lstrip()[:1] in (b"{", b"["):
        tracked = len(messages(post.body) or (b"",)) - invalid
        counts = {"status": "success", "tracked": tracked, "invalid": invalid}
        return Reply(200, json.dumps(counts).encode(), JSON)
    if post.query.get("send_image") == "0" or b"send_image=0" in post.body:
        return NO_CONTENT
    return PIXEL


def fault(status: int, code: str, message: str) -> Reply:
    """An error in the form that Segment's SDK for Python reads. The other SDKs read the status alone."""
    return Reply(status, json.dumps({"code": code, "message": message}).encode(), JSON)
