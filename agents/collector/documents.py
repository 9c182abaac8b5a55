"""Splits the body of a post into events, each as its own bytes, or says what is wrong. Pure.

A body is one event or a list of events, as JSON in UTF-8. Source: docs/storefront.md, 1.
"""

import json
import re
from typing import Final

import msgspec

from agents.collector.notes import EXPECTED, Note, Unreadable

MOST: Final = 500
"""Events in a batch. More: one post would block many others."""

LARGEST: Final = 1024 * 1024
"""The largest post, in bytes."""

MARKS: Final = {b"\xef\xbb\xbf": "UTF-8", b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}
"""Byte order marks, and the encoding of each."""

_SPACE: Final = b" \t\r\n"
_elements: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode
_whole: Final = msgspec.json.Decoder(msgspec.Raw).decode
_one: Final = json.JSONDecoder(parse_int=str).raw_decode
_spaces: Final = re.compile(r"[ \t\r\n]*")

Parts = list[tuple[int | None, bytes]]
"""(index in the batch, bytes) of each event. The index of a single event is None."""


def events_of(body: bytes) -> Parts:
    """The events, in order. Raises Unreadable."""
    start = body.lstrip(_SPACE)
    if not start:
        raise _unreadable("empty", EXPECTED["empty"], "nothing", kept=False)
    for mark, encoding in MARKS.items():
        if body.startswith(mark):
            got = f"the byte order mark of {encoding}"
            raise _unreadable("byte_order_mark", "UTF-8 without a byte order mark", got)
    if not start.startswith(b"["):
        return [(None, _single(body))]
    parts = _listed(body)
    if not parts:
        raise _unreadable("empty", EXPECTED["empty"], "an empty list", kept=False)
    if len(parts) > MOST:
        raise _unreadable("too_many", f"up to {MOST} events", f"{len(parts)} events", kept=False)
    return list(enumerate(parts))


def _single(body: bytes) -> bytes:
    """The body itself, if it is one document."""
    try:
        _whole(body)
    except RecursionError:
        raise _too_deep() from None
    except (msgspec.MsgspecError, UnicodeDecodeError):
        if lines := _lines(body):
            got = f"{lines} lines, an event each"
            raise _unreadable("several_lines", "a list: [event, event]", got) from None
        _check(body)
    return body


def _lines(body: bytes) -> int:
    """The number of lines, if there are several and each is an object. Else 0."""
    lines = [line for line in body.splitlines() if line.strip()]
    if len(lines) < 2 or not all(line.lstrip().startswith(b"{") for line in lines):
        return 0
    try:
        return len(lines) if all(type(json.loads(line)) is dict for line in lines) else 0
    except (ValueError, RecursionError):
        return 0


def _check(body: bytes) -> None:
    """Reads the body with Python's JSON reader, which accepts lone surrogates. Raises Unreadable if it is not JSON."""
    text = _text(body)
    try:
        json.loads(text, parse_int=str)
    except json.JSONDecodeError as error:
        raise _broken(text, error) from None
    except RecursionError:
        raise _too_deep() from None


def _listed(body: bytes) -> list[bytes]:
    try:
        return [bytes(part) for part in _elements(body)]
    except RecursionError:
        raise _too_deep() from None
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return _listed_slowly(_text(body))


def _listed_slowly(text: str) -> list[bytes]:
    """The elements, if one contains what only Python's reader accepts, such as a lone surrogate or NaN."""
    try:
        parts, end = _scanned(text, text.index("[") + 1)
        if end < len(text):
            raise json.JSONDecodeError("Extra data", text, end)
    except json.JSONDecodeError as error:
        raise _broken(text, error) from None
    except RecursionError:
        raise _too_deep() from None
    return parts


def _scanned(text: str, at: int) -> tuple[list[bytes], int]:
    """The elements of the list whose bracket opens before `at`, and the position behind its end."""
    parts: list[bytes] = []
    at = _after_space(text, at)
    while not text.startswith("]", at):
        if parts:
            if not text.startswith(",", at):
                raise json.JSONDecodeError("Expecting ',' delimiter", text, at)
            at = _after_space(text, at + 1)
        end = _end(text, at)
        parts.append(text[at:end].encode("utf-8", "replace"))
        at = _after_space(text, end)
    return parts, _after_space(text, at + 1)


def _end(text: str, at: int) -> int:
    """The end of the document that begins at this position. Raises JSONDecodeError."""
    return int(_one(text, at)[1])


def _after_space(text: str, at: int) -> int:
    found = _spaces.match(text, at)
    return found.end() if found else at


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        note = Note(None, "not_json", "$", "UTF-8", "another byte", error.start, line)
        raise Unreadable(note) from None


WANTED: Final = {
    "Expecting value": "a value",
    "Expecting property name enclosed in double quotes": "a name in double quotes",
    "Expecting ':' delimiter": "a colon",
    "Expecting ',' delimiter": "a comma, or the end of the list or object",
    "Unterminated string starting at": "the end of this text",
    "Invalid control character at": "an escape in place of a control character",
    "Extra data": "the end of the body",
}
"""What Python's reader expected, by its error message."""


def _broken(text: str, error: json.JSONDecodeError) -> Unreadable:
    wanted = WANTED.get(error.msg, "JSON")
    got = "something else" if error.pos < len(text.rstrip()) else "the end of the body"
    if error.msg.startswith("Unterminated"):
        got = "the end of the body"
    position = len(text[: error.pos].encode("utf-8", "replace"))
    return Unreadable(Note(None, "not_json", "$", wanted, got, position, error.lineno, error.colno))


def _too_deep() -> Unreadable:
    return _unreadable("too_deep", EXPECTED["too_deep"], "more")


def _unreadable(reason: str, expected: str, got: str, kept: bool = True) -> Unreadable:
    return Unreadable(Note(None, reason, "$", expected, got), kept)
