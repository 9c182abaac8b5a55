"""Which source a request is of, and how far it is trusted."""

import base64
import gzip
import hmac
import json
from typing import Any
from urllib.parse import urlencode

import pytest

from agents.connect.sources import Connected, load
from agents.faces import face
from agents.faces.face import Face
from agents.faces.paths import Route, route_of
from agents.faces.post import Post
from agents.faces.senders import Admitted, Senders, Unknown


def post(
    path: str = "/x",
    body: Any = b"",
    query: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
    raw: bytes | None = None,
) -> Post:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Post("POST", path, query or {}, headers or {}, data if raw is None else raw, data)


def senders(text: str) -> Senders:
    return Senders(load(f"sources: [{text}]"))


def admitted(text: str, of: Face, given: Post, name: str | None = None) -> tuple[str, str, bool]:
    found: Admitted = senders(text).admitted(of, name, given)
    return found.source.name, found.source.trust, found.proven


def refused(text: str, of: Face, given: Post, name: str | None = None) -> str:
    with pytest.raises(Unknown) as caught:
        senders(text).admitted(of, name, given)
    return caught.value.reason


def basic(user: str, password: str = "") -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


WEB = "{name: web, kind: segment, keys: [wk-1]}, {name: app, kind: segment, keys: [wk-2, wk-3]}"


@pytest.mark.parametrize(
    "given",
    [
        post(headers=basic("wk-3")),
        post(body={"writeKey": "wk-3", "type": "track"}),
        post(body={"batch": [{"writeKey": "wk-3"}]}),
        post(body={"batch": [{"type": "track"}, {"writeKey": "wk-3"}]}),
        post(body={"batch": [None, 7, {"writeKey": "wk-3"}]}),
        post(body=["x", {"writeKey": "wk-3"}]),
        post(body=b'{"writeKey": "wk-3", "x": "\\ud800"}'),
        post(query={"writeKey": "wk-3"}),
    ],
)
def test_a_write_key_names_its_source_wherever_an_sdk_puts_it(given: Post) -> None:
    assert admitted(WEB, face.SEGMENT, given) == ("app", "browser", False)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (post(), "no_key"),
        (post(body={"type": "track"}), "no_key"),
        (post(body={"writeKey": 7}), "wrong_key"),
        (post(headers=basic("wk-9")), "wrong_key"),
        (post(headers={"authorization": "Basic %%%"}), "no_key"),
        (post(headers={"authorization": "Bearer wk-1"}), "no_key"),
        (post(body=b"not json"), "no_key"),
    ],
)
def test_without_a_known_write_key_a_post_is_refused(given: Post, reason: str) -> None:
    assert refused(WEB, face.SEGMENT, given) == reason


def test_the_only_source_of_a_kind_needs_no_key_if_it_has_none_and_is_not_trusted() -> None:
    alone = "{name: web, kind: segment, trust: server}"
    assert admitted(alone, face.SEGMENT, post()) == ("web", "browser", False)


def test_the_address_distinguishes_two_sources_without_keys() -> None:
    two = "{name: a, kind: segment}, {name: b, kind: segment}"
    assert refused(two, face.SEGMENT, post()) == "no_key"
    assert admitted(two, face.SEGMENT, post(), name="b")[0] == "b"
    assert refused(two, face.SEGMENT, post(), name="c") == "no_source"


def test_the_name_of_a_source_is_not_its_key() -> None:
    assert refused(WEB, face.SEGMENT, post(), name="web") == "no_key"
    assert admitted(WEB, face.SEGMENT, post(), name="wk-1")[0] == "web"


def test_a_source_that_has_secrets_is_trusted_with_one_and_not_with_a_key() -> None:
    text = "{name: web, kind: segment, trust: server, keys: [public], secrets: [hush, old]}"
    for secret in ("hush", "old"):
        assert admitted(text, face.SEGMENT, post(headers=basic(secret))) == ("web", "server", True)
    assert admitted(text, face.SEGMENT, post(headers=basic("public"))) == ("web", "browser", False)
    assert refused(text, face.SEGMENT, post()) == "no_key"


def test_a_secret_proves_nothing_more_of_a_source_that_is_not_trusted() -> None:
    text = "{name: web, kind: segment, secrets: [hush]}"
    assert admitted(text, face.SEGMENT, post(headers=basic("hush"))) == ("web", "browser", False)


POSTHOG = "{name: a, kind: posthog, keys: [phc_a]}, {name: b, kind: posthog, keys: [phc_b]}"
FORM = base64.b64encode(b'{"event": "x", "properties": {"token": "phc_b"}}').decode()


@pytest.mark.parametrize(
    "given",
    [
        post(body={"api_key": "phc_b", "batch": []}),
        post(body={"token": "phc_b", "event": "x"}),
        post(body={"event": "x", "properties": {"token": "phc_b"}}),
        post(body=[{"event": "x", "properties": {"token": "phc_b"}}]),
        post(body=[{"event": "x", "api_key": "phc_b"}]),
        post(body=[None, {"event": "x", "api_key": "phc_b"}]),
        post(body={"batch": ["x", {"properties": {"token": "phc_b"}}]}),
        post(body={"$set": {"plan": "free"}, "$token": "phc_b", "$distinct_id": "u-1"}),
        post(body=f"data={FORM}".encode()),
        post(query={"data": FORM}),
    ],
)
def test_a_project_token_of_posthog_is_found(given: Post) -> None:
    assert admitted(POSTHOG, face.POSTHOG, given)[0] == "b"


MATOMO = "{name: a, kind: matomo, keys: ['1']}, {name: b, kind: matomo, keys: ['2'], trust: server, secrets: [hush]}"


@pytest.mark.parametrize(
    "given",
    [
        post(query={"idsite": "2"}),
        post(body=b"idsite=2&rec=1"),
        post(body={"requests": ["?idsite=2&rec=1"]}),
        post(body={"requests": [{"idsite": 2}]}),
        post(body={"requests": [None, "", "?idsite=2&rec=1"]}),
    ],
)
def test_a_site_of_matomo_is_found_and_is_trusted_with_its_token_only(given: Post) -> None:
    assert admitted(MATOMO, face.MATOMO, given) == ("b", "browser", False)
    with_token = post(query={**given.query, "token_auth": "hush"}, body=given.body)
    if given.body.startswith(b"{"):
        with_token = post(body={"requests": ["?idsite=2"], "token_auth": "hush"})
    assert admitted(MATOMO, face.MATOMO, with_token) == ("b", "server", True)


GA4 = "{name: web, kind: ga4, keys: [G-1], secrets: [hush], trust: server}"


def test_a_tag_of_ga4_is_known_by_its_stream_and_never_trusted() -> None:
    assert admitted(GA4, face.GA4_TAG, post(query={"tid": "G-1"})) == ("web", "browser", False)
    assert refused(GA4, face.GA4_TAG, post(query={"tid": "G-2"})) == "wrong_key"


def test_a_hit_of_ga4_may_name_its_stream_in_a_line_of_its_body() -> None:
    for body in (b"v=2&tid=G-1&en=page_view", b"en=scroll\r\ntid=G-1&en=page_view"):
        assert admitted(GA4, face.GA4_TAG, post(body=body)) == ("web", "browser", False)
    assert refused(GA4, face.GA4_TAG, post(body=b"ep.tid=G-1&en=scroll")) == "no_key"


def test_the_measurement_protocol_needs_its_secret() -> None:
    query = {"measurement_id": "G-1", "api_secret": "hush"}
    assert admitted(GA4, face.GA4_PROTOCOL, post(query=query)) == ("web", "server", True)
    for wrong in ({"api_secret": "wrong"}, {"api_secret": ""}):
        assert refused(GA4, face.GA4_PROTOCOL, post(query={**query, **wrong})) == "wrong_key"


def test_an_app_of_snowplow_is_found() -> None:
    text = "{name: a, kind: snowplow, keys: [one]}, {name: b, kind: snowplow, keys: [two]}"
    for given in (
        post(body={"data": [{"aid": "two"}, {"aid": "one"}]}),
        post(body={"data": [{"aid": "two"}, 5]}),
        post(body={"data": [5, {"e": "pv"}, {"aid": "two"}]}),
        post(body={"data": [{"e": "pv"}, {"aid": "two"}]}),
        post(query={"aid": "two"}),
    ):
        assert admitted(text, face.SNOWPLOW, given)[0] == "b"
    assert refused(text, face.SNOWPLOW, post(body=b"[")) == "no_key"


def test_a_tracker_at_the_root_may_be_that_of_an_adobe_shop() -> None:
    text = "{name: shop, kind: adobe-commerce, trust: server, secrets: [hush]}"
    assert admitted(text, face.SNOWPLOW, post(body={"data": []})) == ("shop", "browser", False)
    assert refused(text, face.ADOBE, post(), name="shop") == "no_key"
    hush = post(headers={"authorization": "Bearer hush"})
    assert admitted(text, face.ADOBE, hush, name="shop") == ("shop", "server", True)


@pytest.mark.parametrize(
    "given",
    [
        post(headers={"authorization": "Bearer hush"}),
        post(headers={"authorization": "bearer hush"}),
        post(headers=basic("anybody", "hush")),
        post(query={"access_token": "hush"}),
        post(query={"key": "hush"}),
    ],
)
def test_a_webhook_without_a_signature_shows_its_secret(given: Post) -> None:
    text = "{name: bus, kind: cloudevents, trust: server, secrets: [hush]}"
    assert admitted(text, face.CLOUDEVENTS, given, name="bus") == ("bus", "server", True)
    assert refused(text, face.CLOUDEVENTS, post(), name="bus") == "no_key"


def test_a_pixel_of_shopify_is_known_by_the_key_in_its_address() -> None:
    text = "{name: px, kind: shopify-pixel, keys: [r4nd0m]}"
    assert admitted(text, face.SHOPIFY_PIXEL, post(), name="r4nd0m")[0] == "px"
    assert admitted(text, face.SHOPIFY_PIXEL, post(query={"key": "r4nd0m"}), name="px")[0] == "px"
    assert refused(text, face.SHOPIFY_PIXEL, post(), name="px") == "no_key"


def signed(header: str, secret: str, body: bytes, raw: bytes | None = None) -> Post:
    over = body if raw is None else raw
    made = base64.b64encode(hmac.digest(secret.encode(), over, "sha256")).decode()
    return post(body=body, headers={header: made}, raw=over)


SHOPS = (
    "{name: a, kind: shopify, secrets: [one]}, {name: b, kind: shopify, secrets: [two, two-before]}"
)


@pytest.mark.parametrize("secret", ["two", "two-before"])
def test_a_webhook_belongs_to_the_shop_whose_old_or_new_secret_signed_it(
    secret: str,
) -> None:
    given = signed("x-shopify-hmac-sha256", secret, b'{"id": 1}')
    assert admitted(SHOPS, face.SHOPIFY, given, name=None) == ("b", "server", True)


def test_a_signature_is_over_the_bytes_as_they_came() -> None:
    packed = gzip.compress(b'{"id": 1}')
    right = signed("x-shopify-hmac-sha256", "one", b'{"id": 1}', packed)
    assert admitted(SHOPS, face.SHOPIFY, right, name="a")[0] == "a"
    over_plain = signed("x-shopify-hmac-sha256", "one", b'{"id": 1}')
    over_plain.raw = packed
    assert refused(SHOPS, face.SHOPIFY, over_plain, name="a") == "wrong_signature"


@pytest.mark.parametrize(
    "given",
    [
        post(body={"id": 1}),
        signed("x-shopify-hmac-sha256", "three", b"{}"),
        signed("x-wc-webhook-signature", "one", b"{}"),
        post(headers={"x-shopify-hmac-sha256": "ü"}),
        post(headers=basic("one")),
    ],
)
def test_a_webhook_without_the_right_signature_is_refused(given: Post) -> None:
    assert refused(SHOPS, face.SHOPIFY, given) == "wrong_signature"
    assert refused(SHOPS, face.SHOPIFY, given, name="a") == "wrong_signature"


def test_the_ping_of_a_new_webhook_of_woocommerce_is_let_in_untrusted() -> None:
    text = "{name: woo, kind: woocommerce, secrets: [hush]}"
    ping = post(body=urlencode({"webhook_id": 5}).encode())
    assert admitted(text, face.WOOCOMMERCE, ping, name="woo") == ("woo", "browser", False)
    assert refused(text, face.WOOCOMMERCE, post(body=b"x=1"), name="woo") == "wrong_signature"


def test_a_kind_without_any_source_is_no_source() -> None:
    nobody: tuple[Connected, ...] = ()
    with pytest.raises(Unknown, match="no_source"):
        Senders(nobody).admitted(face.SEGMENT, None, post())
    route = route_of("POST", "/connect/segment/web/v1/t")
    assert isinstance(route, Route)
    assert refused(WEB, route.face, post(), name="other") == "no_source"


def test_nobody_can_post_to_a_source_that_only_a_bridge_reads() -> None:
    text = "{name: log, kind: segment, topics: [rudder.events]}"
    assert refused(text, face.SEGMENT, post()) == "no_source"
    assert refused(text, face.SEGMENT, post(), name="log") == "no_source"
    both = f"{text}, {{name: web, kind: segment}}"
    assert admitted(both, face.SEGMENT, post()) == ("web", "browser", False)
