"""The command `connect try`: the result of a request, and each part that is left out."""

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from agents.__main__ import main

SOURCES = """
sources:
- {name: server, kind: segment, trust: server, secrets: [hush], region: DE}
- {name: web, kind: segment, keys: [wk]}
"""
LIBRARY = {"context": {"library": {"name": "analytics-node"}}}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    found = tmp_path / "sources.yaml"
    found.write_text(SOURCES)
    return found


def tried(
    file: Path, monkeypatch: pytest.MonkeyPatch, message: dict[str, Any], source: str = "server"
) -> int:
    body = json.dumps({"messageId": "m", "anonymousId": "v-1", **LIBRARY, **message}).encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(body)))
    return main(["connect", "try", source, "--sources", str(file), "--path", "/v1/track"])


def printed(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The parts that were left out, one a line, without the explanations."""
    lines = capsys.readouterr().err.splitlines()
    return [line.partition(" (")[0] for line in lines if line.startswith("left out")]


def test_an_ambiguous_price_is_reported(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    properties = {"product_id": "lamp", "price": "1.234,56"}
    message = {"type": "track", "event": "Product Added", "properties": properties}
    assert tried(file, monkeypatch, message) == 0
    assert printed(capsys) == ["left out: cart.item_added $.item.price: unreadable"]


def test_readable_values_are_not_reported(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    properties = {"product_id": "lamp", "price": "40", "quantity": "2", "currency": "EUR"}
    message = {"type": "track", "event": "Product Added", "properties": properties}
    assert tried(file, monkeypatch, message) == 0
    assert printed(capsys) == []


def test_a_line_without_a_product_is_reported_by_its_place(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    products = [{"product_id": "lamp"}, {"name": "a lamp"}, {"product_id": "bulb", "quantity": 0}]
    properties = {"order_id": "o-1", "total": "40 EUR", "products": products}
    message = {"type": "track", "event": "Order Completed", "properties": properties}
    assert tried(file, monkeypatch, message) == 0
    assert printed(capsys) == [
        "left out: order.placed $.order.value: unreadable",
        "left out: order.placed $.order.items[1]: no_line",
        "left out: order.placed $.order.items[2]: no_line",
    ]


def test_an_invalid_address_is_reported(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    traits = {"email": "none of it", "phone": "12"}
    message = {"type": "identify", "userId": "u-1", "traits": traits}
    assert tried(file, monkeypatch, message) == 0
    assert printed(capsys) == [
        "left out: visitor.identified $.keys.email: no_address",
        "left out: visitor.identified $.keys.phone: no_address",
    ]


def test_a_browsers_contact_is_reported_as_untrusted_and_not_as_invalid(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    properties = {"order_id": "o-1", "email": "none of it"}
    message = {"type": "track", "event": "Order Completed", "properties": properties}
    assert tried(file, monkeypatch, message, "web") == 0
    assert printed(capsys) == ["left out: order.placed $.keys.email: untrusted"]


def test_a_reason_is_explained(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tried(file, monkeypatch, {"type": "track", "event": "Wheel Spun"}) == 0
    assert "give it one under `events:` in the source" in capsys.readouterr().err


def test_an_unknown_name_is_told_with_the_nearest_known_one(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tried(file, monkeypatch, {"type": "track", "event": "Prodct Viewed"})
    assert "or `ignore`); did you mean product viewed?" in capsys.readouterr().err


def test_a_name_that_is_like_no_known_one_is_told_without(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tried(file, monkeypatch, {"type": "track", "event": "Wheel Spun"})
    assert "did you mean" not in capsys.readouterr().err


SHOPIFY = """
sources:
- {name: shop, kind: shopify, secrets: [hush]}
- {name: open, kind: shopify, topics: [shopify.webhooks]}
"""


@pytest.mark.parametrize(
    ("source", "headers", "expected"),
    [
        ("shop", [], "401 wrong_signature (the request has no x-shopify-hmac-sha256;"),
        ("shop", ["X-Shopify-Hmac-SHA256: x"], "is of other bytes, or by another secret"),
        ("open", [], "404 no_source (only a bridge reads this source)"),
    ],
)
def test_a_refused_request_is_told_what_it_lacks(
    source: str,
    headers: list[str],
    expected: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "sources.yaml"
    file.write_text(SHOPIFY)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"{}")))
    options = [part for each in headers for part in ("--header", each)]
    assert main(["connect", "try", source, "--sources", str(file), *options]) == 0
    printed = capsys.readouterr().err
    assert expected in printed
    assert "left out: - $: no_topic (the request has no topic: send its header, too)" in printed


def test_a_request_without_a_key_is_told_so(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tried(file, monkeypatch, {"type": "page"}, "web")
    assert "401 no_key (the request has none of the source's keys)" in capsys.readouterr().err
