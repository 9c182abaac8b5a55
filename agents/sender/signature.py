"""Headers of a webhook after the Standard Webhooks convention (standardwebhooks.com, 1.0.0).

The signature is HMAC-SHA256 over `id.timestamp.body`. The id is the same in every attempt, so a receiver recognizes a
message that it already has. The timestamp (s) is that of the attempt.
"""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Sequence


def headers(id: str, at: int, body: bytes, secrets: Sequence[bytes]) -> dict[str, str]:
    """The headers of one attempt. `at`: its time (ms).

    There is a signature for each secret, so that both verify while the secret is changed.
    """
    seconds = at // 1000
    signed = b"%s.%d.%s" % (id.encode(), seconds, body)
    digests = (hmac.digest(secret, signed, hashlib.sha256) for secret in secrets)
    return {
        "webhook-id": id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": " ".join(f"v1,{b64encode(each).decode()}" for each in digests),
    }
