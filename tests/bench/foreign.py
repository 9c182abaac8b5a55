"""Requests of two sources beside Segment: hits of Google's tag, and Shopify's webhooks of changed carts."""

import base64
import hmac
import itertools
import json
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlencode

from tests.bench.posts import PRODUCTS, request

STREAM: Final = "G-BENCH"
SECRET: Final = "bench-secret"
SOURCES: Final = (
    f"- {{name: tag, kind: ga4, keys: [{STREAM}]}}\n"
    f"- {{name: shop, kind: shopify, secrets: [{SECRET}]}}\n"
)


def hits(visitors: int) -> Iterator[bytes]:
    """Yields hits as the tag sends them, all in the query: a page view, then nine product views."""
    for number in itertools.count():
        product = number % PRODUCTS
        query = {
            **{"v": "2", "tid": STREAM, "gtm": "45je4b1", "_p": str(1_700_000_000_000 + number)},
            "cid": f"{number % visitors + 100_000}.1700000000",
            **{"ul": "en-gb", "sr": "1920x1080", "_s": "1", "sid": "1700000000", "sct": "1"},
            "dl": f"https://shop.example/products/shirt-{product}",
            **{"dr": "https://shop.example/", "dt": "Shirt", "gcs": "G111", "cu": "EUR"},
            "en": "view_item" if number % 10 else "page_view",
        }
        if number % 10:
            query["pr1"] = f"idp-{product}~nmShirt {product}~caClothes~pr19.9~qt1"
        yield request(f"/g/collect?{urlencode(query)}", b"", "")


def carts(visitors: int) -> Iterator[bytes]:
    """Yields webhooks as a shop sends them: signed, three lines each."""
    for number in itertools.count():
        token = f"token{number % visitors:012d}"
        cart = {
            "id": token,
            "token": token,
            "line_items": [_line(number, at) for at in range(3)],
            "note": None,
            "updated_at": "2026-11-29T09:29:58.500Z",
            "created_at": "2026-11-29T09:00:00.000Z",
        }
        body = json.dumps(cart).encode()
        signature = base64.b64encode(hmac.digest(SECRET.encode(), body, "sha256")).decode()
        headers = {
            "Content-Type": "application/json",
            "X-Shopify-Topic": "carts/update",
            "X-Shopify-Hmac-Sha256": signature,
            "X-Shopify-Event-Id": f"e-{number}",
            "X-Shopify-Triggered-At": "2026-11-29T09:29:58.5Z",
        }
        more = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        yield request("/connect/shopify/shop", body, more)


def _line(number: int, at: int) -> dict[str, Any]:
    money = {"amount": "19.90", "currency_code": "EUR"}
    product = (number + at) % PRODUCTS
    return {
        "id": 4_000_000 + number * 3 + at,
        "variant_id": 70_000 + product,
        "product_id": 80_000 + product,
        "title": f"Shirt {product}",
        "quantity": 1 + at,
        "price": "19.90",
        "price_set": {"shop_money": money, "presentment_money": money},
        "discounted_price": "19.90",
        "discounted_price_set": {"shop_money": money, "presentment_money": money},
        "properties": {},
        "vendor": "Shop",
    }
