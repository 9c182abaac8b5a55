"""People's addresses: they go on as keyed hashes only. Source: docs/connect.md, 2.8 and 8."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from stream.connect.ids import identifier
from stream.connect.lost import LOST
from stream.connect.reading import text
from stream.connect.source import Source

LONGEST: Final = 320
LETTER: Final = r"[^\s@/\\<>\"',;:=&?]"
AT: Final = re.compile("@|%40", re.I)
BEFORE: Final = re.compile(LETTER + "{1,64}")
AFTER: Final = re.compile(LETTER + r"{1,255}\." + LETTER + "{1,255}")
"""The part of an address after its @. It is bounded, so the cost stays linear in the text."""

REACHES: Final = {"email": "email", "phone": "sms"}
"""The channel that reaches an address, by its kind."""

KEY: Final = re.compile(r"[A-Za-z0-9_-]{16,128}")

NUMBER: Final = re.compile(r"\s*(?:[a-z]{2,9}:)?\s*(?:\+|%2B)([\d\s().-]{7,24})", re.I)
"""A phone number with its country, also as `tel:+…`. Without the plus it could be any id."""

LONGEST_NUMBER: Final = 48

DIGITS: Final = range(8, 16)
"""How many digits a phone number with its country has."""


def contact_keys(source: Source, email: Any, phone: Any) -> dict[str, str]:
    """The `keys` of an event: hashes of the e-mail address and the phone number, if the source can make them.

    The kind of an address that gives none is listed as lost.
    """
    if email is None and phone is None:
        return {}
    given = {"email": _address(email), "phone": _address(phone)}
    hashed = {kind: source.key_of(kind, raw) for kind, raw in given.items() if raw is not None}
    keys = {kind: key for kind, key in hashed.items() if key is not None and KEY.fullmatch(key)}
    lost = " ".join(kind for kind in hashed if kind not in keys)
    return {**keys, LOST: lost} if lost else keys


def identifies(keys: Mapping[str, str]) -> bool:
    """Whether one of them names a person."""
    return "email" in keys or "phone" in keys


def contacts(email: Any, phone: Any) -> list[str] | None:
    """The channels that reach somebody. None if neither address was given."""
    addresses = [("email", _address(email)), ("sms", _address(phone))]
    return [channel for channel, raw in addresses if raw is not None] or None


def customer_id(value: Any) -> str | None:
    """A customer's id. An e-mail address or a phone number is refused: no address may get into the log."""
    return None if value is None or names_an_address(value) else identifier(value)


def addresses_of(user: Any, email: Any, phone: Any) -> tuple[Any, Any]:
    """(e-mail address, phone number) of a person, whose id may be one of them."""
    if is_absent(email) and is_address(user):
        email = user
    return email, phone_number(user) if is_absent(phone) else phone


def kinds_of(user: Any) -> dict[str, str]:
    """The kinds of address that an id is, as keys."""
    email, phone = addresses_of(user, None, None)
    return {kind: "" for kind, value in (("email", email), ("phone", phone)) if value is not None}


def is_absent(address: Any) -> bool:
    return address is None or address == ""


def names_an_address(value: Any) -> bool:
    """Whether an id is an e-mail address or a phone number."""
    return is_address(value) or phone_number(value) is not None


def is_address(value: Any) -> bool:
    if not isinstance(value, str) or ("@" not in value and "%40" not in value):
        return False
    return next(_places(value), None) is not None


def phone_number(value: Any) -> str | None:
    """The phone number that an id is. None if it is none."""
    if not isinstance(value, str) or len(value) > LONGEST_NUMBER:
        return None
    if "+" not in value and "%2" not in value:
        return None
    found = NUMBER.fullmatch(value)
    digits = "" if found is None else "".join(re.findall(r"[0-9]", found[1]))
    return f"+{digits}" if len(digits) in DIGITS else None


def hidden(words: str) -> str:
    """The text without e-mail addresses."""
    kept, done = list[str](), 0
    for start, end in _places(words):
        kept.append(words[done:start])
        done = end
    return "…".join([*kept, words[done:]]) if kept else words


def _places(words: str) -> Iterator[tuple[int, int]]:
    """(begin, end) of each address. It looks back from each @ over the characters of an address."""
    done = 0
    for at in AT.finditer(words):
        before = BEFORE.match(words[max(done, at.start() - 64) : at.start()][::-1])
        after = AFTER.match(words, at.end())
        if before and after and at.start() >= done:
            yield at.start() - before.end(), after.end()
            done = after.end()


def _address(value: Any) -> str | None:
    raw = text(value)
    return raw if raw is not None and len(raw) <= LONGEST else None
