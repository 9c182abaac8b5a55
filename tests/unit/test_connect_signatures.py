"""Signatures of webhooks, against values that other implementations made."""

import base64
import hashlib
import hmac

import pytest

from agents.connect.signatures import is_genuine

BODY = '{"id":5778367414385,"note":"grüße"}'.encode()
HEADERS = {"shopify": "x-shopify-hmac-sha256", "woocommerce": "x-wc-webhook-signature"}


def signed(secret: str, body: bytes = BODY) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def test_a_signature_that_openssl_made() -> None:
    """`printf '{"id":1}' | openssl dgst -sha256 -hmac hush -binary | base64`"""
    made = "VnKUjZsLuN5iZWjn5EntcBVCF9kMN43LglzCE1/GSeY="
    assert is_genuine("shopify", b'{"id":1}', {"x-shopify-hmac-sha256": made}, ["hush"])


@pytest.mark.parametrize("kind", HEADERS)
def test_the_new_secret_and_the_old_one_are_taken_during_a_change(kind: str) -> None:
    for secret in ("new", "old"):
        assert is_genuine(kind, BODY, {HEADERS[kind]: signed(secret)}, ["new", "old"])
    assert not is_genuine(kind, BODY, {HEADERS[kind]: signed("older")}, ["new", "old"])


@pytest.mark.parametrize("kind", HEADERS)
def test_a_changed_body_is_not_genuine(kind: str) -> None:
    assert not is_genuine(kind, BODY + b" ", {HEADERS[kind]: signed("new")}, ["new"])


@pytest.mark.parametrize("given", ["", "no base64", "ü", signed("new")[:-1], signed("new").lower()])
@pytest.mark.parametrize("kind", HEADERS)
def test_a_text_that_is_not_a_signature_is_not_genuine(kind: str, given: str) -> None:
    assert not is_genuine(kind, BODY, {HEADERS[kind]: given}, ["new"])


@pytest.mark.parametrize("secrets", [[], [""]])
@pytest.mark.parametrize("kind", HEADERS)
def test_without_a_secret_nothing_is_genuine(kind: str, secrets: list[str]) -> None:
    assert not is_genuine(kind, BODY, {}, secrets)
    assert not is_genuine(kind, BODY, {HEADERS[kind]: signed("")}, secrets)


def test_the_header_of_one_kind_proves_nothing_for_another() -> None:
    assert not is_genuine("shopify", BODY, {HEADERS["woocommerce"]: signed("new")}, ["new"])
    assert not is_genuine("segment", BODY, {HEADERS["shopify"]: signed("new")}, ["new"])


@pytest.mark.parametrize(
    ("stored", "signs"),
    [
        ("a&amp;b", "a&b"),
        ("&lt;&gt;&quot;&#039;", "<>\"'"),
        ("a&b", "a&b"),
        ("&amp;lt;", "&lt;"),
        ("&copy;", "&copy;"),
    ],
)
def test_wordpress_unescapes_entities_before_it_signs(stored: str, signs: str) -> None:
    assert is_genuine("woocommerce", BODY, {HEADERS["woocommerce"]: signed(signs)}, [stored])
    if stored != signs:
        assert not is_genuine("shopify", BODY, {HEADERS["shopify"]: signed(signs)}, [stored])
