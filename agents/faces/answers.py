"""Replies to what was taken: each as its SDK takes it for a success. 202 is none for several of them.

Source: docs/connect.md, 1.
"""

import json
from typing import Final

from agents.faces.batches import messages
from agents.faces.post import JSON, Post, Reply

GIF: Final = bytes.fromhex(
    "47494638396101000100800000ffffff00000021f90401000000002c00000000010001000002024401003b"
)
"""One transparent pixel."""

TEXT: Final = "text/plain; charset=utf-8"
FRESH: Final = {"Cache-Control": "no-cache, no-store, must-revalidate"}

SUCCESS: Final = Reply(200, b'{"success": true}', JSON)
STATUS_OK: Final = Reply(200, b'{"status":"Ok"}', JSON)
RESULTS: Final = Reply(200, b'{"results":{}}', JSON)
"""Of an event that is not in it nothing more is asked."""

OK: Final = Reply(200, b"ok", TEXT)
EMPTY: Final = Reply(200)
NO_CONTENT: Final = Reply(204)
PIXEL: Final = Reply(200, GIF, "image/gif", FRESH)
NO_FLAGS: Final = Reply(200, b"{}", JSON)
NO_SCRIPT: Final = Reply(200, b"{}", "text/javascript")
NOT_FOUND: Final = Reply(404, b'{"code":"not_found","message":"expected a path of a source"}', JSON)
LET_PASS: Final = Reply(200, b'[{"op":"success"}]', JSON)
"""A shop that waits for this answer goes on with its checkout."""


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


def no_content(post: Post, invalid: int) -> Reply:
    return NO_CONTENT


def pixel(post: Post, invalid: int) -> Reply:
    return PIXEL


def of_matomo(post: Post, invalid: int) -> Reply:
    """Of a bulk how many requests there were; else a pixel, or nothing where none is wanted."""
    if post.body.lstrip()[:1] in (b"{", b"["):
        tracked = len(messages(post.body) or (b"",)) - invalid
        told = {"status": "success", "tracked": tracked, "invalid": invalid}
        return Reply(200, json.dumps(told).encode(), JSON)
    if post.query.get("send_image") == "0" or b"send_image=0" in post.body:
        return NO_CONTENT
    return PIXEL


def fault(status: int, code: str, message: str) -> Reply:
    """The form in which Segment's SDK for Python reads a fault; the others look at the status alone."""
    return Reply(status, json.dumps({"code": code, "message": message}).encode(), JSON)
