"""Reads foreign documents without ever raising: what is missing or of a wrong type is None."""

import binascii
import json
import math
from base64 import b64decode
from functools import lru_cache
from typing import Any, Final

import msgspec

ABSENT: Final = frozenset({"", "null", "undefined"})
"""Texts that mean nothing, in any case of letters. Source: docs/connect.md, 2.7."""

DEEPEST: Final = 100
"""Levels of nesting that are read."""


def parse(body: bytes) -> Any:
    """The JSON document; `UNREADABLE` if it is not JSON, or too deeply nested.

    The slow reader may read what the fast one refuses, such as an infinite number or a lone surrogate.
    """
    try:
        document = _fast(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        document = _slow(body)
    return UNREADABLE if _may_be_too_deep(body) and _too_deep(document) else document


def document_in(value: Any) -> Any:
    """The JSON document in a text, as `parse` reads it; any other value as it is."""
    return parse(value.encode("utf-8", "replace")) if isinstance(value, str) else value


def document_in_base64(packed: str) -> Any:
    """The JSON document in base64; `UNREADABLE` if there is none."""
    try:
        return parse(b64decode(packed.encode("utf-8", "replace"), validate=True))
    except (binascii.Error, ValueError):
        return UNREADABLE


def _may_be_too_deep(body: bytes) -> bool:
    """Few brackets open too few levels for that. Of others a level is taken off again and again, until none is left.

    Texts may have brackets, too: then the document itself is looked at.
    """
    brackets = body.translate(None, OTHERS)
    if brackets.count(b"{") + brackets.count(b"[") <= DEEPEST:
        return False
    for _ in range(DEEPEST if len(brackets) <= MOST_BRACKETS else 0):
        if not brackets:
            return False
        brackets = brackets.replace(b"{}", b"").replace(b"[]", b"")
    return True


OTHERS: Final = bytes(set(range(256)) - set(b"{}[]"))
MOST_BRACKETS: Final = 65_536
"""With more brackets than this the whole document is checked at once: to count its levels would take longer."""


def _slow(body: bytes) -> Any:
    try:
        text = body.decode("utf-8-sig", "replace")
        return json.loads(text, parse_constant=_nothing, parse_int=_integer)
    except (ValueError, RecursionError):
        return UNREADABLE


_fast: Final = msgspec.json.Decoder().decode
UNREADABLE: Final = object()


def _nothing(name: str) -> None:
    """None, which replaces NaN and Infinity."""
    return


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= 40 else float(digits)


def _too_deep(document: Any) -> bool:
    level = [document]
    for _ in range(DEEPEST):
        level = [part for node in level for part in _parts(node) if type(part) in NESTING]
        if not level:
            return False
    return True


NESTING: Final = (dict, list)


def _parts(node: Any) -> Any:
    if type(node) is dict:
        return node.values()
    return node if type(node) is list else ()


def dig(document: Any, *names: str) -> Any:
    """The value at a path of names. None if there is none."""
    for name in names:
        if type(document) is not dict:
            return None
        document = document.get(name)
    return document


def first(document: Any, *paths: str) -> Any:
    """The first value that is there, of several paths written with dots."""
    for path in paths:
        if "." in path:
            value = dig(document, *_names(path))
        else:
            value = document.get(path) if type(document) is dict else None
        if value is not None and (type(value) is not str or is_present(value)):
            return value
    return None


@lru_cache(1_024)
def _names(path: str) -> tuple[str, ...]:
    return tuple(path.split("."))


def is_present(value: Any) -> bool:
    if type(value) is str:
        readable = value.strip()
        return len(readable) not in LENGTHS or readable.lower() not in ABSENT
    return value is not None


LENGTHS: Final = frozenset(map(len, ABSENT))


def text(value: Any) -> str | None:
    """The text without surrounding spaces. A number becomes its digits. Else None."""
    if value is None:
        return None
    if type(value) is str:
        readable = value.strip()
        if not readable.isascii():
            readable = readable.encode("utf-8", "replace").decode()
        if len(readable) in LENGTHS and readable.lower() in ABSENT:
            return None
        return readable
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        return str(int(value)) if value.is_integer() and abs(value) <= 10**15 else str(value)
    return str(value)


def number(value: Any) -> float | None:
    """The finite number, given as a number or as text. Else None."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and len(value) > 40:
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def whole(value: Any) -> int | None:
    found = number(value)
    return int(found) if found is not None and found.is_integer() and abs(found) <= 10**15 else None


def mapping(value: Any) -> dict[str, Any]:
    """The object, an empty one in place of anything else."""
    return value if isinstance(value, dict) else {}


def listing(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def words(name: Any) -> str:
    """The name of an event, for comparison: in lower case, with spaces for `_` and `-`."""
    return _words(name) if type(name) is str and len(name) <= 128 else _compared(name)


def _compared(name: Any) -> str:
    plain = text(name) or ""
    return " ".join(plain.lower().replace("_", " ").replace("-", " ").split())


_words: Final = lru_cache(4_096)(_compared)
