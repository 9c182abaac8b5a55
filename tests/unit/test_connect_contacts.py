"""E-mail addresses and phone numbers: their normal form, and keys that need the pepper."""

import re

import phonenumbers
import pytest
from email_validator import validate_email

from agents.config.environment import Environment
from agents.config.pepper import pepper
from agents.connect.contacts import email, key, keyed, phone
from agents.connect.regions import REGIONS

PEPPER = b"0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    ("raw", "written"),
    [
        ("  Ann.O+sale@Shop.DE ", "ann.o+sale@shop.de"),
        ("ann@MÜLLER.de", "ann@xn--mller-kva.de"),
        ("jose\u0301@mail.de", "jos\u00e9@mail.de"),
        ("info@shop.de", "info@shop.de"),
    ],
)
def test_an_address_is_written_one_way(raw: str, written: str) -> None:
    assert email(raw) == written


@pytest.mark.parametrize(
    "raw",
    [
        "",
        " ",
        "ann",
        "ann@",
        "ann@shop",
        "a b@shop.de",
        "ann@shop.de, bob@shop.de",
        "\ud800@shop.de",
        "x" * 400 + "@shop.de",
        "ann@[127.0.0.1]",
        "ann@localhost",
        "\x00@shop.de",
        "ann@shop..de",
    ],
)
def test_an_invalid_address_gives_none(raw: str) -> None:
    assert email(raw) is None


@pytest.mark.parametrize(
    "raw",
    [
        "test@shop.de",
        "TEST+1@shop.de",
        "no@shop.de",
        "noreply@shop.de",
        "guest@shop.de",
        "ann@example.com",
        "ann@mail.example.org",
        "ann@shop.example",
    ],
)
def test_an_address_that_many_type_is_nobodys(raw: str) -> None:
    assert email(raw) is None


@pytest.mark.parametrize(
    ("raw", "region", "written"),
    [
        ("030 123456", "DE", "+4930123456"),
        ("+49 (30) 123456", None, "+4930123456"),
        ("0049 30 123456", "DE", "+4930123456"),
        ("+1 415-555-2671 ext. 5", "DE", "+14155552671"),
        ("030 123456", None, None),
        ("1111111111", "US", None),
        ("not given", "DE", None),
        ("", "DE", None),
        ("1" * 300, "DE", None),
    ],
)
def test_a_number_is_written_with_its_country(
    raw: str, region: str | None, written: str | None
) -> None:
    assert phone(raw, region) == written


def test_a_key_is_what_the_contract_of_keys_asks_for_and_can_be_made_elsewhere() -> None:
    """`printf %s ann@shop.de | openssl dgst -sha256 -hmac "$PEPPER" -binary | basenc --base64url`, without ="""
    made = keyed(PEPPER)("email", " Ann@Shop.de")
    assert made == "LfNUfws5wlxX8e8CEfB1cGMYxv7MFc6APgm7mVAkq9I"
    assert re.fullmatch("[A-Za-z0-9_-]{16,128}", made)


def test_keys_depend_on_pepper_and_address_only() -> None:
    key_of = keyed(PEPPER, "DE")
    assert (
        key_of("phone", "030 123456")
        == key_of("phone", "+4930123456")
        == key(PEPPER, "+4930123456")
    )
    assert key_of("phone", "030 123456") != keyed(PEPPER[::-1], "DE")("phone", "030 123456")
    assert key_of("email", "nobody") is None
    assert key_of("phone", "nobody") is None


def read_pepper(**variables: str) -> tuple[bytes | None, list[str]]:
    env = Environment({f"TRIGGERS_IDENTITY_{name}": value for name, value in variables.items()})
    return pepper(env), env.mistakes


def test_a_pepper_has_32_bytes() -> None:
    assert read_pepper() == (None, [])
    assert read_pepper(PEPPER="x" * 32) == (b"x" * 32, [])
    found, mistakes = read_pepper(PEPPER="hush-hush")
    assert found is None
    assert mistakes == ["TRIGGERS_IDENTITY_PEPPER: expected at least 32 bytes"]


def test_the_regions_of_the_sources_file_match_the_library() -> None:
    assert set(phonenumbers.SUPPORTED_REGIONS) == REGIONS


def test_the_library_asks_no_name_server() -> None:
    """Only `check_deliverability` would. Without it an unknown domain is accepted."""
    assert validate_email("ann@no-such-domain-at-all.de", check_deliverability=False)
    assert email("ann@no-such-domain-at-all.de") is not None
