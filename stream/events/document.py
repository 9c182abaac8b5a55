"""Parses the JSON document in a record's value, by RFC 8259. Source: docs/semantics.md, 2."""

import json
import re
from typing import Any, Final

from stream.events.faults import Rejected

DEEPEST: Final = 400
"""Deepest nesting that is read. It is far below the interpreter's limit, which includes the callers."""

_LONGEST_INTEGER: Final = 4_000
"""Digits of an integer that is read as such: a category may have any size. Python converts no more than 4,300."""

_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def check_text(value: bytes) -> None:
    """Checks the encoding and the nesting, which a typed decoding skips in unknown fields. Raises Rejected."""
    try:
        value.decode()
    except UnicodeDecodeError:
        raise Rejected("not_json") from None
    if value.count(b"[") + value.count(b"{") > DEEPEST and _depth(value) > DEEPEST:
        raise Rejected("too_deep")


def _depth(value: bytes) -> int:
    """The deepest nesting of brackets outside strings."""
    depth = deepest = 0
    inside = escaped = False
    for byte in value:
        if escaped:
            escaped = False
        elif inside:
            escaped = byte == 0x5C
            inside = byte != 0x22
        elif byte == 0x22:
            inside = True
        elif byte in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"]}":
            depth -= 1
    return deepest


def parsed(value: bytes) -> Any:
    """The document. NaN and text around it are refused; a lone surrogate is read as U+FFFD. Raises Rejected."""
    check_text(value)
    try:
        document = json.loads(value.decode(), parse_constant=_refuse, parse_int=_integer)
    except (ValueError, RecursionError):
        raise Rejected("not_json") from None
    return _mended(document) if b"\\u" in value else document


def _refuse(name: str) -> None:
    raise ValueError(name)


def _integer(digits: str) -> int | float:
    """Reads an integer. One with very many digits becomes a float, which costs less and is past every bound, too."""
    return int(digits) if len(digits) <= _LONGEST_INTEGER else float(digits)


def _mended(document: Any) -> Any:
    if type(document) is str:
        return _SURROGATE.sub("\ufffd", document)
    if type(document) is dict:
        return {_mended(name): _mended(value) for name, value in document.items()}
    if type(document) is list:
        return [_mended(value) for value in document]
    return document
