"""Cleans an event: replaces addresses with keyed hashes, and leaves out parts that its sender may not send.

Pure. A sender that knows the collector's key may send `contact: {email, phone}`, which become keyed hashes.
Any other sender may say what a visitor does, but not who somebody is. An event without such parts keeps
its own bytes. Source: docs/storefront.md, 3 and 8; docs/semantics.md, 11.
"""

import json
import math
from typing import Any, Final, NamedTuple

from agents.collector.notes import KNOWN_SENDER, NEEDS_KEY, Note
from stream.connect.source import KeyOf
from stream.events import owner, scalars
from stream.events.document import parsed
from stream.events.faults import Rejected, Unread, name_of

CONTACT: Final = "contact"
HASHED: Final = ("email", "phone")
KEYS: Final = ("cart", "checkout", *HASHED)
MARKS: Final = (b'"contact"', b'"keys"', b'"~', b"\\u")
"""Every event that needs cleaning contains one of these. The last one can escape any of the others."""

ADDRESSES: Final = {"email": "an e-mail address", "phone": "a phone number with its country code"}
"""What is expected of a contact, by its kind."""


class KnownSender(NamedTuple):
    """The sender of a post.

    `known`: it knows the collector's key, or none is set · `key_of` None: no pepper is set · `may_erase`: it
    knows the key; if none is set, nobody may.
    """

    known: bool = True
    key_of: KeyOf | None = None
    may_erase: bool = True


ANYBODY: Final = KnownSender()


def cleaned(
    value: bytes, sender: KnownSender, index: int | None = None
) -> tuple[bytes, list[Note]]:
    """The cleaned bytes of the event, and a note for each part that was left out."""
    marks = MARKS if sender.known else (*MARKS, b'"customer"')
    if not any(mark in value for mark in marks):
        return value, []
    try:
        document = parsed(value)
    except Rejected:
        return value, []
    if type(document) is not dict:
        return value, []
    cleaner = _Cleaner(document, sender, index)
    cleaner.clean()
    return (_written(document) if cleaner.changed else value), cleaner.notes


class _Cleaner:
    """Changes a document in place."""

    def __init__(self, document: dict[str, Any], sender: KnownSender, index: int | None) -> None:
        self._document = document
        self._sender = sender
        self._index = index
        self.notes: list[Note] = []
        self.changed = False

    def clean(self) -> None:
        self._visitor()
        if not self._sender.known and self._document.get("customer") is not None:
            self._leave_out(self._document, "customer", "$", NEEDS_KEY, KNOWN_SENDER)
        if "keys" in self._document:
            self._keys()
        if CONTACT in self._document:
            self._contact()

    def _visitor(self) -> None:
        """Checks the visitor: a malformed pseudo-visitor may hide an address, and a named one needs a known sender."""
        visitor = self._document.get("visitor")
        if type(visitor) is not str or not owner.is_pseudo(visitor):
            return
        key = owner.pseudo_key(visitor)
        if key is None:
            expected = "a name that does not begin with ~"
            self._leave_out(self._document, "visitor", "$", "names_nobody", expected)
        elif not self._sender.known and key[0] in ("customer", *HASHED):
            self._leave_out(self._document, "visitor", "$", NEEDS_KEY, KNOWN_SENDER)

    def _keys(self) -> None:
        keys = self._document["keys"]
        if type(keys) is not dict:
            self._leave_out(self._document, "keys", "$", "wrong_type", "an object")
            return
        for name in keys.keys() - set(KEYS):
            del keys[name]
            self.changed = True
        for name in HASHED:
            if name in keys and (fault := _not_hashed(keys[name])):
                self._leave_out(keys, name, "$.keys", fault, scalars.HASH.expected)
            elif name in keys and not self._sender.known:
                self._leave_out(keys, name, "$.keys", NEEDS_KEY, KNOWN_SENDER)
        if not keys:
            del self._document["keys"]

    def _contact(self) -> None:
        if not self._sender.known:
            self._leave_out(self._document, CONTACT, "$", NEEDS_KEY, KNOWN_SENDER)
            return
        contact = self._document.pop(CONTACT)
        self.changed = True
        if type(contact) is not dict:
            self._note("$.contact", "wrong_type", "an object", contact)
            return
        for name in HASHED:
            if contact.get(name) is not None:
                self._hash(name, contact[name])

    def _hash(self, name: str, address: Any) -> None:
        """Adds the key of an address, unless the event itself has that key."""
        path, key_of = f"$.contact.{name}", self._sender.key_of
        if type(address) is not str:
            self._note(path, "wrong_type", ADDRESSES[name], address)
        elif key_of is None:
            self._note(path, "no_pepper", "TRIGGERS_IDENTITY_PEPPER to be set", address)
        elif (key := key_of(name, address)) is None:
            self._note(path, "no_address", ADDRESSES[name], address)
        else:
            self._document.setdefault("keys", {}).setdefault(name, key)

    def _leave_out(
        self, holder: dict[str, Any], name: str, path: str, why: str, expected: str
    ) -> None:
        self._note(f"{path}.{name}", why, expected, holder.pop(name))
        self.changed = True

    def _note(self, path: str, why: str, expected: str, value: Any) -> None:
        self.notes.append(Note(self._index, why, path, expected, name_of(value)))


def _not_hashed(value: Any) -> str | None:
    """The reason why a key of identity is wrong; None if it is right."""
    try:
        scalars.HASH.read(value)
    except Unread as unread:
        return unread.reason
    return None


def _written(document: dict[str, Any]) -> bytes:
    try:
        text = json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except ValueError:
        text = json.dumps(_finite(document), ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "replace")


def _finite(node: Any) -> Any:
    """The document with None for infinite numbers: Python reads 1e999 as infinity, which JSON cannot write."""
    if isinstance(node, dict):
        return {name: _finite(value) for name, value in node.items()}
    if isinstance(node, list):
        return [_finite(value) for value in node]
    return None if isinstance(node, float) and not math.isfinite(node) else node
