"""Finds the person of an e-mail address or a phone number: the one of its key of identity.

Only keyed hashes of addresses are in the log, so this needs the collector's pepper. Source: docs/connect.md, 8.
"""

from typing import Final

from agents.config.pepper import PEPPER
from agents.connect.contacts import keyed

EMAIL: Final = "email"
PHONE: Final = "phone"
WITHOUT_PEPPER: Final = f" (addresses are found with {PEPPER}, the same as the collector's)"


def is_address(text: str) -> bool:
    """Whether a text looks like `ann@shop.example` or `+4917612345678`, alone or after `email:` or `phone:`."""
    _, given = _split(text)
    return "@" in given or (given[:1] == "+" and any(map(str.isdigit, given)))


def person_of(text: str, pepper: bytes | None) -> str | None:
    """`email:<key>` or `phone:<key>` of an address. None: the text is no valid address, or there is no pepper."""
    if pepper is None or not is_address(text):
        return None
    sort, given = _split(text)
    key = keyed(pepper)(sort, given)
    return None if key is None else f"{sort}:{key}"


def hint(text: str, pepper: bytes | None) -> str:
    """The end of a sentence that says that nothing was found: what an address lacks. Empty if it lacks nothing."""
    return WITHOUT_PEPPER if is_address(text) and not pepper else ""


def _split(text: str) -> tuple[str, str]:
    """(email or phone, the text without that word)."""
    sort, _, rest = text.partition(":")
    if sort in (EMAIL, PHONE):
        return sort, rest.strip()
    return (EMAIL if "@" in text else PHONE), text
