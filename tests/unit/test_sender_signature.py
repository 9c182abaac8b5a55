"""The signature of a webhook, against the convention's own example."""

import hashlib
import hmac
from base64 import b64decode, b64encode

from agents.sender.signature import headers

SECRET = b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
ID, AT, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330_000, b'{"test": 2432232314}'


def test_the_example_of_standard_webhooks_comes_out() -> None:
    assert headers(ID, AT, BODY, [SECRET]) == {
        "webhook-id": ID,
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_while_a_secret_is_changed_both_sign() -> None:
    old, new = headers(ID, AT, BODY, [SECRET, b"n" * 32])["webhook-signature"].split(" ")
    assert old == headers(ID, AT, BODY, [SECRET])["webhook-signature"]
    digest = hmac.new(b"n" * 32, b"%s.1614265330.%s" % (ID.encode(), BODY), hashlib.sha256).digest()
    assert new == f"v1,{b64encode(digest).decode()}"


def test_a_body_with_percent_signs_and_any_bytes_is_signed_unchanged() -> None:
    body = bytes(range(256)) + b"%s%d"
    digest = hmac.new(SECRET, f"{ID}.1614265330.".encode() + body, hashlib.sha256).digest()
    assert headers(ID, AT, body, [SECRET])["webhook-signature"].endswith(b64encode(digest).decode())
