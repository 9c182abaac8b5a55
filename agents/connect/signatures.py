"""Verifies the signatures of webhooks, which prove that the sender knows a secret.

Shopify and WooCommerce send the base64 of HMAC-SHA256 over the body as it came. Source: docs/connect.md, 1.3.1 and 1.4.
"""

import hmac
import re
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

ENTITIES: Final = {
    **dict.fromkeys(("&amp;", "&#038;", "&#x26;"), "&"),
    **dict.fromkeys(("&lt;", "&#060;"), "<"),
    **dict.fromkeys(("&gt;", "&#062;"), ">"),
    **dict.fromkeys(("&quot;", "&#034;", "&#x22;"), '"'),
    **dict.fromkeys(("&#039;", "&#x27;"), "'"),
}
"""WordPress escapes five characters of a secret, and reverts that before it signs."""

ENTITY: Final = re.compile("|".join(map(re.escape, ENTITIES)))


class Signed(NamedTuple):
    """How a kind of source signs. `header`: with the signature, in lower case · `key`: makes the HMAC key of a secret."""

    header: str
    key: Callable[[str], bytes]


def plain(secret: str) -> bytes:
    return secret.encode()


def decoded(secret: str) -> bytes:
    return ENTITY.sub(lambda found: ENTITIES[found[0]], secret).encode()


SIGNED: Final[Mapping[str, Signed]] = {
    "shopify": Signed("x-shopify-hmac-sha256", plain),
    "woocommerce": Signed("x-wc-webhook-signature", decoded),
}
"""The kinds of sources that sign their requests."""


def is_genuine(kind: str, body: bytes, headers: Mapping[str, str], secrets: Sequence[str]) -> bool:
    """Whether one of the secrets signed the body. After a change a shop may still sign with the old secret.

    `headers` have lower-case names. A kind that signs nothing is never genuine.
    """
    signed = SIGNED.get(kind)
    if signed is None:
        return False
    given = headers.get(signed.header, "").strip().encode("utf-8", "replace")
    made = [signature(signed.key(secret), body) for secret in secrets if secret]
    return any(hmac.compare_digest(given, each) for each in made)


def signature(key: bytes, body: bytes) -> bytes:
    return b64encode(hmac.digest(key, body, "sha256"))
