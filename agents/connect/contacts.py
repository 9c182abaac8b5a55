"""Normalizes e-mail addresses and phone numbers, and makes keys of identity of them.

A key is base64url of HMAC-SHA256(pepper, address), so a shop can make the same one. The pepper keeps others from finding
an address by trying a list. Source: docs/connect.md, 8.
"""

import hmac
import unicodedata
from base64 import urlsafe_b64encode
from typing import Final

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from stream.connect.source import KeyOf

NAMES: Final = """anonymous donotreply do-not-reply example guest nobody no none no-reply noreply null test
undefined unknown"""
PLACEHOLDERS: Final = frozenset(NAMES.split())
"""Names before the @ that many people type, and that belong to nobody."""

LONGEST: Final = 320


def keyed(pepper: bytes, region: str | None = None) -> KeyOf:
    """A function that makes keys of addresses. Phone numbers without a country belong to `region`."""

    def key_of(kind: str, raw: str) -> str | None:
        address = email(raw) if kind == "email" else phone(raw, region)
        return None if address is None else key(pepper, address)

    return key_of


def key(pepper: bytes, address: str) -> str:
    digest = hmac.digest(pepper, address.encode(), "sha256")
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def email(raw: str) -> str | None:
    """The address in lower case, with its domain in ASCII. Dots and +tags stay. None for an invalid address, or nobody's."""
    written = unicodedata.normalize("NFC", raw.strip())
    if not written or len(written) > LONGEST:
        return None
    try:
        found = validate_email(written, check_deliverability=False)
    except (EmailNotValidError, UnicodeError):
        return None
    name, domain = found.local_part.lower(), found.ascii_domain.lower()
    if name.partition("+")[0] in PLACEHOLDERS or _is_example(domain):
        return None
    return f"{name}@{domain}"


def phone(raw: str, region: str | None = None) -> str | None:
    """The number in E.164. None for an impossible number, or one without a country if no region is known."""
    try:
        found = phonenumbers.parse(raw, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(found):
        return None
    return phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164)


def _is_example(domain: str) -> bool:
    labels = domain.split(".")
    return labels[-1] == "example" or labels[-2] == "example"
