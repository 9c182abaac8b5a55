"""Which path belongs to which source, and the answers to calls without an event."""

import pytest

from agents.faces import face
from agents.faces.answers import NOT_FOUND
from agents.faces.paths import NOT_ALLOWED, Route, route_of
from agents.faces.post import Reply
from tests.contract.test_connect import EXAMPLES, read

USUAL = {
    "POST /v1/batch": face.SEGMENT,
    "POST /v1/b": face.SEGMENT,
    "POST /v1/t": face.SEGMENT,
    "POST /v1/i": face.SEGMENT,
    "POST /v1/p": face.SEGMENT,
    "POST /v1/g": face.SEGMENT,
    "POST /v1/a": face.SEGMENT,
    "POST /v1/s": face.SEGMENT,
    "POST /v1/track": face.SEGMENT,
    "POST /v1/identify": face.SEGMENT,
    "POST /v1/page": face.SEGMENT,
    "POST /v1/screen": face.SEGMENT,
    "POST /v1/group": face.SEGMENT,
    "POST /v1/alias": face.SEGMENT,
    "POST /v1/merge": face.SEGMENT,
    "POST /beacon/v1/batch": face.SEGMENT,
    "GET /pixel/v1/track": face.SEGMENT_PIXEL,
    "GET /pixel/v1/page": face.SEGMENT_PIXEL,
    "POST /e/": face.POSTHOG,
    "GET /e/": face.POSTHOG,
    "POST /i/v0/e/": face.POSTHOG,
    "POST /batch": face.POSTHOG,
    "POST /batch/": face.POSTHOG,
    "POST /capture/": face.POSTHOG,
    "POST /track/": face.POSTHOG,
    "POST /i/v1/analytics/events": face.POSTHOG_V1,
    "GET /matomo.php": face.MATOMO,
    "POST /matomo.php": face.MATOMO,
    "POST /piwik.php": face.MATOMO,
    "POST /g/collect": face.GA4_TAG,
    "GET /g/collect": face.GA4_TAG,
    "POST /mp/collect": face.GA4_PROTOCOL,
    "POST /com.snowplowanalytics.snowplow/tp2": face.SNOWPLOW,
    "POST /com.shop.events/track": face.SNOWPLOW,
    "POST /collector/tp2": face.SNOWPLOW,
    "GET /i": face.SNOWPLOW_PIXEL,
    "GET /ice.png": face.SNOWPLOW_PIXEL,
}


@pytest.mark.parametrize("line", USUAL)
def test_a_path_of_an_sdk_has_its_face_at_the_root_and_below_a_source(line: str) -> None:
    method, path = line.split()
    expected = USUAL[line]
    plain = path.rstrip("/")
    assert route_of(method, path) == Route(expected, None, plain)
    own = f"/connect/{expected.kinds[0]}/shop"
    assert route_of(method, own + path) == Route(expected, "shop", plain)


def test_an_address_that_ends_with_a_slash_leads_to_the_same_face() -> None:
    assert route_of("POST", "//v1/t") == Route(face.SEGMENT, None, "/v1/t")
    assert route_of("POST", "/connect/posthog/web//e/") == Route(face.POSTHOG, "web", "/e")
    assert route_of("POST", "//com.shop.events/track") == Route(
        face.SNOWPLOW, None, "/com.shop.events/track"
    )


@pytest.mark.parametrize("kind", face.DEFAULTS)
def test_a_kind_of_source_has_an_address_of_its_own(kind: str) -> None:
    route = route_of("POST", f"/connect/{kind}/shop")
    assert route == Route(face.DEFAULTS[kind], "shop", f"/connect/{kind}/shop")


def test_every_kind_of_source_has_a_face() -> None:
    assert set(face.DEFAULTS) == {file.parent.name for file in EXAMPLES}


def test_the_path_of_every_stored_request_to_an_sdk_is_known() -> None:
    for file in EXAMPLES:
        request = read(file).get("request", {"path": "/"})
        if request["path"].count("/") > 1 and "/load" not in request["path"]:
            assert isinstance(route_of(request.get("method", "POST"), request["path"]), Route), file


@pytest.mark.parametrize(
    "line",
    [
        "GET /",
        "POST /",
        "GET /v1/projects/wk/settings",
        "GET /sourceConfig",
        "POST /connect/stone-tablet/shop",
        "POST /connect/segment/",
        "GET /favicon.ico",
        "POST /../../etc/passwd",
    ],
)
def test_another_path_is_quietly_not_found(line: str) -> None:
    method, path = line.split()
    assert route_of(method, path) == NOT_FOUND


def test_a_method_that_an_sdk_never_uses_is_not_allowed() -> None:
    assert route_of("GET", "/v1/batch") == NOT_ALLOWED
    assert route_of("PUT", "/v1/track") == NOT_ALLOWED


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("/flags/", 200, b"{}"),
        ("/decide/", 200, b"{}"),
        ("/array/phc_x/config", 200, b"{}"),
        ("/array/phc_x/config.js", 200, b"{}"),
        ("/connect/posthog/web/flags/", 200, b"{}"),
        ("/connect/posthog/web/array/phc_x/config.js", 200, b"{}"),
        ("/v1/m", 200, b'{"success": true}'),
        ("/rsaMetrics", 200, b'{"success": true}'),
    ],
)
def test_calls_of_an_sdk_beside_events_get_an_empty_answer(
    path: str, status: int, body: bytes
) -> None:
    reply = route_of("POST", path)
    assert isinstance(reply, Reply)
    assert (reply.status, reply.body) == (status, body)


def test_a_loader_of_ga4_may_send_to_any_path_below_its_source() -> None:
    route = route_of("GET", "/connect/ga4/web/x9/load")
    assert route == Route(face.GA4_TAG, "web", "/x9/load")


def test_storefront_events_of_adobe_come_as_a_trackers_and_orders_as_webhooks() -> None:
    own = "/connect/adobe-commerce/shop"
    tracker = route_of("POST", f"{own}/com.snowplowanalytics.snowplow/tp2")
    assert isinstance(tracker, Route)
    assert tracker.face is face.SNOWPLOW
    order = route_of("POST", own)
    assert isinstance(order, Route)
    assert order.face is face.ADOBE
