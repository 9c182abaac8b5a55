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
    """A customer's id. An e-mail address is refused: no address may get into the log."""
    return None if value is None or is_address(value) else identifier(value)


def is_address(value: Any) -> bool:
    return isinstance(value, str) and next(_places(value), None) is not None


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
