"""Readers of single values of an event: ids, texts, numbers, words of a list.

Source: docs/semantics.md, 2, "Ids" and "Numbers". Each reader returns the value or raises Unread.
"""

import re
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from schemas import names_nobody
from stream.events.faults import Unread
from stream.events.words import BOUND, LONGEST_ID, YEAR_2000

_NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_HASH: Final = re.compile(r"[A-Za-z0-9_-]{16,128}")


class Scalar(NamedTuple):
    """A type of value: what is expected, in words, and its reader."""

    expected: str
    read: Callable[[Any], Any]


def _digits(value: Any) -> Any:
    """An integer as its decimal digits, anything else as it is."""
    if type(value) is float and abs(value) <= BOUND and value.is_integer():
        value = int(value)
    return str(value) if type(value) is int else value


def _text(value: Any) -> str:
    if type(value) is not str:
        raise Unread
    return value


def _category(value: Any) -> str:
    return _text(_digits(value))


def _id(value: Any) -> str:
    text = _category(value)
    if not 1 <= len(text) <= LONGEST_ID:
        raise Unread("out_of_range")
    return text


def _somebody(value: Any) -> str:
    text = _id(value)
    if names_nobody(text):
        raise Unread("names_nobody")
    return text


def _hash(value: Any) -> str:
    text = _category(value)
    if _HASH.fullmatch(text) is None:
        raise Unread("out_of_range")
    return _somebody(text)


def _number(value: Any) -> float:
    if type(value) is str and _NUMBER.fullmatch(value):
        value = float(value)
    if type(value) is not int and type(value) is not float:
        raise Unread
    if not -BOUND <= value <= BOUND:
        raise Unread("out_of_range")
    return float(value)


def _whole(value: Any) -> int:
    number = _number(value)
    if not number.is_integer():
        raise Unread
    return int(number)


def _time(value: Any) -> int:
    time = _whole(value)
    if time < YEAR_2000:
        raise Unread("out_of_range")
    return time


def _flag(value: Any) -> bool:
    if type(value) is not bool:
        raise Unread
    return value


def word(*names: str) -> Scalar:
    """The scalar that accepts one of these texts."""

    def read(value: Any) -> str:
        if _text(value) not in names:
            raise Unread("not_in_list")
        return str(value)

    return Scalar(f"one of {' '.join(names)}", read)


ID: Final = Scalar("an id of 1 to 128 characters", _id)
SOMEBODY: Final = Scalar("an id of 1 to 128 characters that names somebody", _somebody)
HASH: Final = Scalar("a keyed hash of 16 to 128 letters, digits, _ and -", _hash)
TEXT: Final = Scalar("text", _text)
CATEGORY: Final = Scalar("text or an integer", _category)
NUMBER: Final = Scalar("a number", _number)
WHOLE: Final = Scalar("a whole number", _whole)
TIME: Final = Scalar("a time in ms since 1970, not before the year 2000", _time)
FLAG: Final = Scalar("true or false", _flag)
