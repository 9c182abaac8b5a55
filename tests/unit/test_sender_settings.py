"""The settings of a sender."""

import re
from base64 import b64encode
from pathlib import Path

import pytest

from agents.config.settings import SettingsError
from agents.sender.responses import Backoff
from agents.sender.settings import SenderSettings

SECRET = "whsec_" + b64encode(b"k" * 32).decode()
LEAST = {
    "TRIGGERS_KAFKA": "localhost:9092",
    "TRIGGERS_WEBHOOK_URL": "https://user:word@hooks.example/t/0ken?x=1",
    "TRIGGERS_WEBHOOK_SECRET": SECRET,
}


def read(**more: str) -> SenderSettings:
    return SenderSettings.read(LEAST | {f"TRIGGERS_{name}": value for name, value in more.items()})


def mistakes(variables: dict[str, str]) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        SenderSettings.read(variables)
    return str(caught.value).splitlines()


def test_the_rest_has_defaults_that_carry_the_prefix() -> None:
    found = read(PREFIX="shop1.")
    assert (found.group, found.idempotency) == ("shop1.sender", Path(".cache/shop1.sender.sqlite3"))
    assert found.secrets == (b"k" * 32,)
    assert (found.timeout_ms, found.backoff_ms) == (10_000, Backoff(500, 300_000))
    assert (found.give_up_ms, found.requests, found.recipes) == (86_400_000, 16, ())


def test_every_setting_is_read(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(f"{SECRET} whsec_{b64encode(b'o' * 24).decode()}\n")
    variables = LEAST | {
        "TRIGGERS_WEBHOOK_SECRET": "",
        "TRIGGERS_WEBHOOK_SECRET_FILE": str(file),
        "TRIGGERS_WEBHOOK_TIMEOUT_MS": "2000",
        "TRIGGERS_WEBHOOK_BACKOFF_MS": "100/1000",
        "TRIGGERS_WEBHOOK_GIVE_UP": "90m",
        "TRIGGERS_SENDER_REQUESTS": "4",
        "TRIGGERS_SENDER_RECIPES": "cart-abandonment, exit-intent",
        "TRIGGERS_SENDER_GROUP": "mailer",
        "TRIGGERS_SENDER_STORE": "/var/lib/marks",
    }
    found = SenderSettings.read(variables)
    assert found.secrets == (b"k" * 32, b"o" * 24)
    assert (found.timeout_ms, found.backoff_ms) == (2000, Backoff(100, 1000))
    assert (found.give_up_ms, found.requests) == (5_400_000, 4)
    assert found.recipes == ("cart-abandonment", "exit-intent")
    assert (found.group, found.idempotency) == ("mailer", Path("/var/lib/marks"))


def test_all_mistakes_come_in_one_message_with_those_of_the_common_settings() -> None:
    found = mistakes(
        {
            "TRIGGERS_KAFKA": "nowhere",
            "TRIGGERS_WEBHOOK_URL": "ftp://x",
            "TRIGGERS_WEBHOOK_SECRET": "hunter2",
            "TRIGGERS_WEBHOOK_TIMEOUT_MS": "0",
            "TRIGGERS_WEBHOOK_BACKOFF_MS": "9/1",
            "TRIGGERS_WEBHOOK_GIVE_UP": "a while",
            "TRIGGERS_SENDER_REQUEST": "1",
        }
    )
    starts = [re.findall("TRIGGERS_[A-Z_]+", each)[0] for each in found]
    assert sorted(starts) == [
        "TRIGGERS_KAFKA",
        "TRIGGERS_SENDER_REQUEST",
        "TRIGGERS_WEBHOOK_BACKOFF_MS",
        "TRIGGERS_WEBHOOK_GIVE_UP",
        "TRIGGERS_WEBHOOK_SECRET",
        "TRIGGERS_WEBHOOK_TIMEOUT_MS",
        "TRIGGERS_WEBHOOK_URL",
    ]


def test_missing_settings_are_named() -> None:
    found = "\n".join(mistakes({}))
    for name in LEAST:
        assert f"{name} is not set" in found


@pytest.mark.parametrize(
    "secret",
    ["k" * 32, "whsec_", "whsec_c2hvcnQ=", "whsec_!!!", "whsec_" + b64encode(b"x" * 65).decode()],
)
def test_a_secret_is_checked_and_never_quoted(secret: str) -> None:
    (found,) = mistakes(LEAST | {"TRIGGERS_WEBHOOK_SECRET": secret})
    assert found.startswith("TRIGGERS_WEBHOOK_SECRET: expected whsec_ and")
    assert secret not in found or secret == "whsec_"


@pytest.mark.parametrize("url", ["hooks.example", "https://", "http://a:b:c/", "https://a/\nb"])
def test_an_address_is_checked_and_never_quoted(url: str) -> None:
    (found,) = mistakes(LEAST | {"TRIGGERS_WEBHOOK_URL": url})
    assert found == "TRIGGERS_WEBHOOK_URL: expected a URL http:// or https://"


def test_neither_address_nor_secret_shows_when_the_settings_are_printed() -> None:
    shown = repr(read(REDIS="redis://:pass@cache/0"))
    for hidden in ("0ken", "word", "kkkk", "pass"):
        assert hidden not in shown


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("WEBHOOK_TIMEOUT_MS", 100, 60_000),
        ("SENDER_REQUESTS", 1, 1000),
        ("SENDER_RATE", 0, 100_000),
    ],
)
def test_a_number_has_its_bounds(name: str, least: int, most: int) -> None:
    for value in (least, most):
        read(**{name: str(value)})
    for value in (least - 1, most + 1):
        (found,) = mistakes(LEAST | {f"TRIGGERS_{name}": str(value)})
        assert found.startswith(f"TRIGGERS_{name}: ")


@pytest.mark.parametrize(("text", "fits"), [
    ("1/1", True), ("5/5", True), ("1/3600000", True), ("0/1", False), ("1/3600001", False),
    ("5/4", False), ("1/12345678", False), ("5", False), ("5/6/7", False), ("٣/٣", False),
])  # fmt: skip
def test_the_bounds_of_the_backoff(text: str, fits: bool) -> None:
    if fits:
        first, most = map(int, text.split("/"))
        assert read(WEBHOOK_BACKOFF_MS=text).backoff_ms == Backoff(first, most)
    else:
        (found,) = mistakes(LEAST | {"TRIGGERS_WEBHOOK_BACKOFF_MS": text})
        assert found.endswith(f"got {text!r}")


@pytest.mark.parametrize(("size", "fits"), [(23, False), (24, True), (64, True), (65, False)])
def test_a_secret_has_24_to_64_bytes(size: int, fits: bool) -> None:
    secret = "whsec_" + b64encode(b"x" * size).decode()
    if fits:
        assert read(WEBHOOK_SECRET=secret).secrets == (b"x" * size,)
    else:
        assert mistakes(LEAST | {"TRIGGERS_WEBHOOK_SECRET": secret})


def test_a_webhook_needs_no_key_and_a_service_no_secret() -> None:
    assert (read().service, read().key) == ("webhook", "")
    found = read(SENDER_SERVICE="klaviyo", SENDER_KEY="pk_1")
    assert (found.secrets, found.key, found.service) == ((), "pk_1", "klaviyo")
    assert "pk_1" not in repr(found)
