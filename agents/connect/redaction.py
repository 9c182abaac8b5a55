"""Removes people's addresses, names and secrets from the bytes of unreadable records, which are kept.

JSON is encoded again only if something was removed. Source: docs/connect.md, 8.
"""

import json
import re
from typing import Any, Final

from stream.connect.contact import hidden
from stream.connect.reading import UNREADABLE, parse

GONE: Final = "…"

WITHIN: Final = 2
"""Documents that are read inside of texts of one another: SQS hands on what SNS has wrapped. More would be too many
levels to go through; what lies deeper is removed whole."""

PERSONAL: Final = re.compile(
    r"e?-?mail|phone|mobile|^tel$|^contact$|address|street|^city$|zip|post(al)?[_-]?code"
    r"|(first|last|full|given|family|middle|sur|company|user)[_-]?name|^company$|birth|^note$"
    r"|^(client|customer|remote|browser)?[_-]?ip$|iban|^card|vat[_-]?(id|number)"
    r"|password|secret|token[_-]?auth|access[_-]?token|api[_-]?key|write[_-]?key"
    r"|(status|payment|checkout|invoice)[_-]?url",
    re.I,
)
"""Names of fields whose values identify somebody, or are secrets. A link to an order opens it without a login."""

PACKED: Final = frozenset({"data", "data_base64"})
"""Fields of queues and CloudEvents whose value, if it is a text, is a message in base64."""

PEOPLE: Final = frozenset(
    {"customer", "billing", "shipping", "user", "recipient", "traits", "$set"}
)
"""Objects whose values are all removed."""

DIGITS: Final = re.compile(r"(?<![\w.-])\+?\d(?:[ ()/-]{0,2}\d){7,18}(?![\w.])")
"""A possible phone number in a text that is not JSON."""

NUMBER: Final = re.compile(r"(?<![\w.-])\+\d(?:[ ()/-]{0,2}\d){7,14}(?![\w.])")
"""A phone number with its country. In a document numbers without it are ids and amounts."""

PAIR: Final = re.compile(r"(?<![\w.$\[\]-])([\w.$\[\]-]{1,64})=[^&\s]*")


def redacted(body: bytes, within: int = WITHIN) -> bytes:
    """The bytes without personal values, each replaced by `…`. `within`: how many documents may lie in one another."""
    document = parse(body)
    if document is UNREADABLE or not isinstance(document, dict | list):
        return _text(body)
    cleaned = _cleaned(document, False, within)
    if cleaned == document and not body.startswith(b"\xef\xbb\xbf"):
        return body
    written = json.dumps(cleaned, ensure_ascii=False, separators=(",", ":"))
    return written.encode("utf-8", "replace")


def _cleaned(node: Any, gone: bool, within: int) -> Any:
    if isinstance(node, dict):
        return {
            hidden(name): _cleaned(value, gone or _is_personal(name, value), within)
            for name, value in node.items()
        }
    if isinstance(node, list):
        return [_cleaned(value, gone, within) for value in node]
    if node is None or isinstance(node, bool):
        return node
    if gone:
        return GONE
    return _text_within(node, within) if isinstance(node, str) else node


def _text_within(words: str, within: int) -> str:
    """A text of a document. Queues put a whole message into one, as JSON."""
    if words.lstrip()[:1] not in ("{", "["):
        return NUMBER.sub(GONE, hidden(words))
    if within == 0:
        return GONE
    return redacted(words.encode("utf-8", "replace"), within - 1).decode("utf-8", "replace")


def _is_personal(name: str, value: Any) -> bool:
    if PERSONAL.search(name) or (isinstance(value, str) and name in PACKED):
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
