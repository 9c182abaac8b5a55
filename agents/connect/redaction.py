"""Removes people's addresses, names and secrets from the bytes of unreadable records, which are kept.

JSON is encoded again only if something was removed. Source: docs/connect.md, 8.
"""

import json
import re
from typing import Any, Final

from stream.connect.contact import hidden
from stream.connect.reading import UNREADABLE, parse

GONE: Final = "…"

PERSONAL: Final = re.compile(
    r"e?-?mail|phone|mobile|^tel$|^contact$|address|street|^city$|zip|post(al)?[_-]?code"
    r"|(first|last|full|given|family|middle|sur|company|user)[_-]?name|^company$|birth|^note$"
    r"|^(client|customer|remote|browser)?[_-]?ip$|iban|^card|vat[_-]?(id|number)"
    r"|password|secret|token[_-]?auth|access[_-]?token|api[_-]?key|write[_-]?key"
    r"|(status|payment|checkout|invoice)[_-]?url",
    re.I,
)
"""Names of fields whose values identify somebody, or are secrets. A link to an order opens it without a login."""

PEOPLE: Final = frozenset(
    {"customer", "billing", "shipping", "user", "recipient", "traits", "$set"}
)
"""Objects whose values are all removed."""

DIGITS: Final = re.compile(r"(?<![\w.-])\+?\d(?:[ ()/-]{0,2}\d){7,18}(?![\w.])")
"""A possible phone number in a text that is not JSON."""

PAIR: Final = re.compile(r"(?<![\w.$\[\]-])([\w.$\[\]-]{1,64})=[^&\s]*")


def redacted(body: bytes) -> bytes:
    """The bytes without personal values, each replaced by `…`."""
    document = parse(body)
    if document is UNREADABLE or not isinstance(document, dict | list):
        return _text(body)
    cleaned = _cleaned(document, False)
    if cleaned == document and not body.startswith(b"\xef\xbb\xbf"):
        return body
    written = json.dumps(cleaned, ensure_ascii=False, separators=(",", ":"))
    return written.encode("utf-8", "replace")


def _cleaned(node: Any, gone: bool) -> Any:
    if isinstance(node, dict):
        return {
            hidden(name): _cleaned(value, gone or _is_personal(name, value))
            for name, value in node.items()
        }
    if isinstance(node, list):
        return [_cleaned(value, gone) for value in node]
    if node is None or isinstance(node, bool):
        return node
    if gone:
        return GONE
    return hidden(node) if isinstance(node, str) else node


def _is_personal(name: str, value: Any) -> bool:
    if PERSONAL.search(name):
        return True
    return isinstance(value, dict) and name.lower() in PEOPLE


def _text(body: bytes) -> bytes:
    """A text that is not JSON, without addresses, long numbers, and personal values of forms."""
    words = body.decode("utf-8", "surrogateescape").replace("\\u0040", "@")
    words = PAIR.sub(_pair, words)
    cleaned = DIGITS.sub(GONE, hidden(words))
    return cleaned.encode("utf-8", "surrogateescape")


def _pair(found: re.Match[str]) -> str:
    return f"{found[1]}={GONE}" if PERSONAL.search(found[1]) else found[0]
