"""Answers, CORS, robots, limits of batches, and refused translations."""

import json
from typing import Any

import pytest

from agents.faces import answers, batches, cors, face, robots
from agents.faces.batches import MOST
from agents.faces.post import Post, Reply
from agents.faces.reception import CODES, SAID, without_nobody
from agents.faces.translated import is_unreadable, judged
from agents.faces.trying import addresses, tried
from stream.connect.source import Source
from stream.connect.translation import Translation
from tests.integration.facing import connected


def post(body: bytes = b"", query: dict[str, str] | None = None) -> Post:
    return Post("POST", "/x", query or {}, {}, body, body)


@pytest.mark.parametrize("each", [v for v in vars(face).values() if isinstance(v, face.Face)])
def test_no_face_answers_202_because_sdks_treat_it_as_a_fault(each: face.Face) -> None:
    for given in (post(), post(b"{}"), post(b'{"requests": ["?a=1"]}')):
        assert each.reply(given, 0).status in (200, 204)
    assert each.unreadable in (204, 400)


def test_segment_and_posthog_get_their_own_answers() -> None:
    assert face.SEGMENT.reply(post(), 0) == Reply(200, b'{"success": true}', "application/json")
    assert json.loads(face.POSTHOG.reply(post(), 0).body) == {"status": "Ok"}


def test_snowplow_gets_ok_as_text_and_its_pixel_is_not_cached() -> None:
    assert face.SNOWPLOW.reply(post(), 0)[:3] == (200, b"ok", "text/plain; charset=utf-8")
    pixel = face.SNOWPLOW_PIXEL.reply(post(), 0)
    assert pixel.body[:6] == b"GIF89a"
    assert "no-cache" in pixel.headers["Cache-Control"]


@pytest.mark.parametrize(
    ("given", "status", "start"),
    [
        (post(query={"idsite": "1"}), 200, b"GIF89a"),
        (post(query={"send_image": "0"}), 204, b""),
        (post(b"idsite=1&send_image=0"), 204, b""),
        (post(b"idsite=1"), 200, b"GIF89a"),
    ],
)
def test_matomo_gets_a_pixel_or_nothing(given: Post, status: int, start: bytes) -> None:
    reply = answers.of_matomo(given, 0)
    assert reply.status == status
    assert reply.body.startswith(start)


def test_a_bulk_request_of_matomo_gets_the_number_of_tracked_ones() -> None:
    given = post(b'{"requests": ["?a=1", "?b=2", 5]}')
    got = json.loads(answers.of_matomo(given, 1).body)
    assert got == {"status": "success", "tracked": 2, "invalid": 1}


def test_event_grid_gets_the_code_of_its_test_back() -> None:
    event = {"eventType": "Microsoft.EventGrid.SubscriptionValidationEvent"}
    body = json.dumps([{**event, "data": {"validationCode": "512d38b6"}}]).encode()
    asked = Post("POST", "/", {}, {"aeg-event-type": "SubscriptionValidation"}, body, body)
    reply = face.COMMERCETOOLS.reply(asked, 0)
    assert (reply.status, json.loads(reply.body)) == (200, {"validationResponse": "512d38b6"})
    got = Post("POST", "/", {}, {"aeg-event-type": "Notification"}, body, body)
    assert face.COMMERCETOOLS.reply(got, 0) == Reply(200)


def test_ga4_gets_an_empty_answer() -> None:
    assert face.GA4_TAG.reply(post(), 3) == Reply(204)
    assert (face.GA4_TAG.unreadable, face.GA4_PROTOCOL.unreadable) == (204, 204)


def test_a_fault_has_the_form_that_sdks_read() -> None:
    reply = answers.fault(401, "unauthorized", "expected a key")
    assert json.loads(reply.body) == {"code": "unauthorized", "message": "expected a key"}


def test_a_page_gets_its_own_origin_because_trackers_send_cookies() -> None:
    got = cors.headers("https://shop.example", frozenset())
    assert got is not None
    assert got["Access-Control-Allow-Origin"] == "https://shop.example"
    assert got["Access-Control-Allow-Credentials"] == "true"
    assert got["Vary"] == "Origin"


def test_with_a_list_of_origins_others_may_not_post() -> None:
    listed = frozenset({"https://shop.example"})
    assert cors.headers("https://SHOP.example", listed) is not None
    assert cors.headers("https://evil.example", listed) is None
    assert cors.headers("null", listed) is None
    assert cors.headers("null", listed, framed=True) is not None
    assert cors.headers("", listed) == {"Vary": "Origin"}
    assert cors.headers("https://evil.example", frozenset({"*"})) is not None


@pytest.mark.parametrize(
    ("asked", "got"),
    [
        ("authorization,content-type", "authorization,content-type"),
        ("content-type, sp-anonymous", "content-type, sp-anonymous"),
        ("anonymousid,authorization,content-type", "anonymousid,authorization,content-type"),
        ("", cors.USUAL),
        ("a\r\nSet-Cookie: x", cors.USUAL),
    ],
)
def test_a_preflight_allows_the_headers_that_were_asked_for(asked: str, got: str) -> None:
    given = cors.preflight({"access-control-request-headers": asked})
    assert given["Access-Control-Allow-Headers"] == got


PEOPLE = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.1 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/142.0.0.0 Safari/537.36",
    "analytics-node/3.1.0",
    "analytics-python/2.4.0",
    "python-requests/2.32.5",
    "okhttp/4.12.0",
    "node-fetch",
    "axios/1.12.2",
    "Go-http-client/2.0",
    "WooCommerce/10.4.0 Hookshot (WordPress/6.9)",
    "WordPress/6.9; https://shop.example",
    "",
]
ROBOTS = [
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm) Chrome/116.0.1938.76 Safari/537.36",
    "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.1; +https://openai.com/gptbot)",
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
]


@pytest.mark.parametrize("user_agent", PEOPLE)
def test_a_shopper_and_a_shops_own_server_are_no_robots(user_agent: str) -> None:
    assert not robots.is_robot(user_agent)


@pytest.mark.parametrize("user_agent", ROBOTS)
def test_a_crawler_is_a_robot(user_agent: str) -> None:
    assert robots.is_robot(user_agent)


@pytest.mark.parametrize(
    ("name", "value", "ahead"),
    [
        ("sec-purpose", "prefetch", True),
        ("sec-purpose", "prefetch;prerender", True),
        ("purpose", "preview", True),
        ("x-moz", "prefetch", True),
        ("purpose", "", False),
    ],
)
def test_a_page_that_is_loaded_ahead_is_recognised(name: str, value: str, ahead: bool) -> None:
    assert robots.is_ahead({name: value}) is ahead


def test_an_order_of_a_robot_stays_and_its_engaged_events_are_left_out() -> None:
    done = Translation(events=[{"type": "page.viewed"}, {"type": "order.placed"}])
    assert without_nobody(done, {"user-agent": ROBOTS[0]})
    assert [event["type"] for event in done.events] == ["order.placed"]
    assert [tuple(left) for left in done.left_out] == [("page.viewed", "robot", "$")]
    assert not without_nobody(done, {"user-agent": PEOPLE[0]})


@pytest.mark.parametrize("name", ["batch", "data", "requests", "events", None])
def test_the_rest_of_a_batch_that_is_too_long_is_cut_off(name: str | None) -> None:
    found: Any = [{"n": n} for n in range(MOST + 3)]
    document = found if name is None else {"sentAt": "x", name: found}
    body, cut_off = batches.within(json.dumps(document).encode())
    kept = json.loads(body)
    assert (kept if name is None else kept[name]) == found[:MOST]
    assert [json.loads(each)["n"] for each in cut_off] == [MOST, MOST + 1, MOST + 2]
    assert name is None or kept["sentAt"] == "x"


def test_a_batch_that_is_short_enough_keeps_its_bytes() -> None:
    long_message = json.dumps({"batch": [{"list": list(range(MOST * 2))}]}).encode()
    broken = b"[" + b"1," * MOST * 2
    lines = b"en=page_view\n" * MOST
    for body in (b"", b"{}", b"not json", b"\xff", long_message, broken, lines[:-1]):
        assert batches.within(body) == (body, [])
    body, cut_off = batches.within(lines + b"en=x")
    assert (body, cut_off) == (lines[:-1], [b"en=x"])


def source(**got: Any) -> Source:
    return Source(name="shop", kind="segment", **got)


def test_only_the_event_that_a_worker_would_reject_is_refused() -> None:
    fine = {"id": "sg:1", "type": "page.viewed", "visitor": "v"}
    large = {"id": "sg:2", "type": "page.viewed", "visitor": "v", "page": {"title": "x" * 70_000}}
    nobody = {"id": "sg:3", "type": "page.viewed"}
    found = judged(Translation(events=[fine, large, nobody]), b"{}")
    assert [each.id for each in found.taken] == ["sg:1"]
    assert [(each.type, each.reason) for each in found.refused] == [
        ("page.viewed", "too_large"),
        ("page.viewed", "missing"),
    ]


def test_a_text_with_half_a_letter_is_written_without_it() -> None:
    event = {"id": "sg:1", "type": "search.performed", "visitor": "v", "query": "a\ud800"}
    (taken,) = judged(Translation(events=[event]), b"{}").taken
    assert json.loads(taken.value)["query"] == "a?"


def test_a_message_that_cannot_be_read_is_kept_by_its_own_bytes_and_without_addresses() -> None:
    body = b'{"batch": [{"a": 1}, "mail ann@shop.de"]}'
    found = judged(Translation(refused=[(1, "not_an_object")]), body)
    (refused,) = found.refused
    assert (refused.reason, refused.path) == ("not_an_object", "$[1]")
    assert b"shop.de" not in refused.value
    whole = judged(Translation(refused=[(0, "not_json")]), b"{ann@shop.de")
    assert (whole.refused[0].path, b"shop.de" in whole.refused[0].value) == ("$", False)


def test_only_a_body_without_any_event_is_unreadable() -> None:
    assert is_unreadable(Translation(refused=[(0, "not_json")]))
    assert not is_unreadable(Translation(refused=[(0, "not_an_object")]))
    assert not is_unreadable(Translation(events=[{}], refused=[(0, "not_json")]))


def test_a_try_prints_the_answer_of_a_collector() -> None:
    web = connected("web", "segment", keys=["wk"])
    message = {"type": "page", "messageId": "m", "anonymousId": "v", "writeKey": "wk"}
    found = tried(web, body=json.dumps(message).encode(), headers={})
    assert (found.answer, len(found.judged.taken)) == ("200", 1)
    wrong = tried(web, body=json.dumps({**message, "writeKey": "x"}).encode(), headers={})
    assert wrong.answer == "401 wrong_key (the request has none of the source's keys)"
    assert len(wrong.judged.taken) == 1
    assert tried(web, body=b"{", headers={}, query="writeKey=wk").answer == "400 not_json"


def test_each_refusal_of_a_sender_has_a_code() -> None:
    assert {status for status, _ in SAID.values()} - CODES.keys() == set()


def test_a_pixels_key_stands_in_its_address() -> None:
    pixel = connected("pixel", "shopify-pixel", keys=["r4nd0m"])
    assert addresses(pixel) == ["/connect/shopify-pixel/KEY"]
    message = {"id": "1", "name": "page_viewed", "clientId": "v-1"}
    found = tried(pixel, body=json.dumps(message).encode(), headers={})
    assert (found.answer, found.path) == ("200", "/connect/shopify-pixel/r4nd0m")
    assert addresses(connected("pixel", "shopify-pixel")) == ["/connect/shopify-pixel/pixel"]


def test_an_unproven_try_is_treated_as_a_browsers() -> None:
    server = connected("web", "segment", secrets=["hush"], trust="server")
    message = {"type": "identify", "messageId": "m", "anonymousId": "v", "userId": "u"}
    body = json.dumps(message).encode()
    assert len(tried(server, body=body, headers={}).judged.taken) == 1
    unproven = tried(server, body=body, headers={}, proven=False)
    assert unproven.judged.taken == []
    assert ("visitor.identified", "untrusted", "$.customer") in unproven.left_out
