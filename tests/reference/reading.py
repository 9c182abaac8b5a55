"""Section 2: how single values are read: ids, numbers, texts, and names of nobody.

Each reader returns the normalized value, or None if unreadable.
"""

import re
from typing import Any

LARGEST_NUMBER = 10**15
YEAR_2000 = 946_684_800_000

NOBODY = {"", "undefined", "null", "none", "nil", "nan", "anonymous", "anon", "guest", "unknown"}
NOBODY |= {"0", "-1", "n/a", "-", "true", "false", "(not set)", "not_set", "not_authenticated"}
NOBODY |= {"00000000-0000-0000-0000-000000000000", "0" * 32}
MARKS_OF_A_TEMPLATE = ("{{", "${", "%%")

_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_HASH = re.compile(r"[A-Za-z0-9_-]{16,128}")
_SURROGATE = re.compile("[\ud800-\udfff]")


def nobody(name: str) -> bool:
    """Whether an id names nobody."""
    plain = name.strip().lower()
    if plain in NOBODY or plain.startswith("[object"):
        return True
    if any(mark in plain for mark in MARKS_OF_A_TEMPLATE):
        return True
    if plain.endswith(("/undefined", "/null")):
        return True
    return plain.startswith("event:") and nobody(plain.removeprefix("event:"))


def text(value: Any) -> str | None:
    """The text, with lone surrogates replaced by U+FFFD."""
    return _SURROGATE.sub("\ufffd", value) if isinstance(value, str) else None


def _digits(value: Any) -> str | None:
    """An integer's decimal digits; one written 5.0 is an integer within ±10^15."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        if not -LARGEST_NUMBER <= value <= LARGEST_NUMBER or value != int(value):
            return None
        value = int(value)
    return str(value) if isinstance(value, int) else None


def category(value: Any) -> str | None:
    """Text of any length, or an integer, read as its digits."""
    return _digits(value) if text(value) is None else text(value)


def identifier(value: Any) -> str | None:
    """Text of 1 to 128 characters, or an integer, read as its digits."""
    read = category(value)
    return read if read is not None and 1 <= len(read) <= 128 else None


def somebody(value: Any) -> str | None:
    """An id that names somebody."""
    read = identifier(value)
    return None if read is None or nobody(read) else read


def hashed(value: Any) -> str | None:
    """The id of an e-mail or phone key: a keyed hash, never a raw address."""
    read = somebody(value)
    return read if read is not None and _HASH.fullmatch(read) else None


def number(value: Any) -> int | float | None:
    """A JSON number, or text of its form, within ±10^15."""
    if isinstance(value, str):
        if not _NUMBER.fullmatch(value):
            return None
        value = float(value) if "." in value or len(value) > 20 else int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if -LARGEST_NUMBER <= value <= LARGEST_NUMBER else None


def whole(value: Any) -> int | None:
    """A whole number; it may be written 1.0."""
    read = number(value)
    return int(read) if read is not None and read == int(read) else None


def client_time(value: Any) -> int | None:
    """A time in ms; None if before the year 2000."""
    read = whole(value)
    return read if read is not None and read >= YEAR_2000 else None


def flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None
