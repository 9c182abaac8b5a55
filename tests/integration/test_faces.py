"""The faces with a real broker: how SDKs pack and send, the answers, and the refused messages."""

import asyncio
import base64
import gzip
import json
import socket
import zlib
from collections.abc import Mapping
from typing import Any

import pytest
from aiohttp import ClientSession

from agents.config.settings import Settings
from agents.connect.signatures import signature
from agents.faces.site import make_site, serving
from tests.integration.collecting import ids, kept, make_topics, rejected
from tests.integration.facing import Facing, Heard, connected, faced

SOURCES = [
    connected("web", "segment", keys=["wk"]),
    connected("backend", "segment", secrets=["sk"], trust="server"),
    connected("hog", "posthog", keys=["phc_x"]),
    connected("site", "matomo", keys=["1"]),
    connected("tags", "ga4", keys=["G-1"], secrets=["mp-secret"]),
    connected("snow", "snowplow", keys=["shop"]),
    connected("shop", "shopify", secrets=["now", "before"], trust="server"),
    connected("woo", "woocommerce", secrets=["woo-secret"], trust="server"),
    connected("px", "shopify-pixel", keys=["r4nd0m"]),
    connected("bus", "cloudevents", secrets=["bus-secret"], trust="server"),
    connected("magento", "adobe-commerce", secrets=["ad-secret"], trust="server"),
]
JSON = {"Content-Type": "application/json"}
PLAIN = {"Content-Type": "text/plain;charset=UTF-8"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
ORIGIN = {"Origin": "https://shop.example"}


@pytest.fixture
def settings(broker: str, prefix: str) -> Settings:
    return make_topics(broker, prefix)


def message(id: str, **more: Any) -> dict[str, Any]:
    return {"type": "page", "messageId": id, "anonymousId": "v-1", "writeKey": "wk", **more}


def packed(document: Any) -> bytes:
    return json.dumps(document).encode()


def basic(user: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:".encode()).decode()}


def in_kafka(settings: Settings) -> set[str]:
    return set(ids(kept(settings)))


def test_segments_ways_to_pack_are_all_read_and_answered_with_success(settings: Settings) -> None:
    def batch(id: str) -> bytes:
        return packed({"batch": [message(id)], "sentAt": "2026-11-29T09:00:00Z"})

    async def test(site: Facing) -> None:
        sent: list[tuple[str, bytes, Mapping[str, str]]] = [
            ("/v1/p", packed(message("plain")), {**PLAIN, **basic("wk"), **ORIGIN}),
            ("/v1/batch", gzip.compress(batch("gz")), {**JSON, "Content-Encoding": "gzip"}),
            ("/v1/batch", gzip.compress(batch("form")), {**FORM, **basic("wk")}),
            ("/v1/batch", zlib.compress(batch("zlib")), {**JSON, "Content-Encoding": "deflate"}),
            ("/beacon/v1/batch?writeKey=wk", batch("beacon"), PLAIN),
            ("/v1/page/", packed(message("slash")), {}),
            ("/connect/segment/wk/v1/page", packed(message("own")), JSON),
        ]
        for path, body, headers in sent:
            heard = await site.taken("POST", path, body, dict(headers))
            assert (heard.status, heard.body) == (200, b'{"success": true}'), path
        pixel = await site.taken(
            "GET", "/pixel/v1/page?writeKey=wk&anonymousId=v-1&messageId=pixel&name=Home"
        )
        assert (pixel.status, pixel.body[:3]) == (200, b"GIF")

    faced(settings, SOURCES, test)
    names = ("plain", "gz", "form", "zlib", "beacon", "slash", "own", "pixel")
    assert in_kafka(settings) == {f"sg:{name}" for name in names}


def test_posthogs_ways_to_pack_are_all_read_and_answered_with_ok(settings: Settings) -> None:
    def event(id: str) -> dict[str, Any]:
        properties = {"token": "phc_x", "$lib": "web", "$device_id": "d-1", "$pathname": "/"}
        return {"event": "$pageview", "uuid": id, "properties": properties}

    async def test(site: Facing) -> None:
        form = base64.b64encode(packed(event("form"))).decode().replace("=", "%3D")
        sent = [
            (
                "/e/?ip=0&_=1&ver=1.449.2&compression=gzip-js",
                gzip.compress(packed(event("gz"))),
                PLAIN,
            ),
            ("/e/?compression=base64", f"data={form}".encode(), FORM),
            ("/i/v0/e/", packed([event("list")]), JSON),
            ("/batch/", packed({"api_key": "phc_x", "batch": [event("batch")]}), JSON),
            ("/capture", packed(event("capture")), JSON),
        ]
        for path, body, headers in sent:
            heard = await site.taken("POST", path, body, headers)
            assert (heard.status, json.loads(heard.body)) == (200, {"status": "Ok"}), path
        flags = await site.send("POST", "/flags/?v=2", gzip.compress(b"{}"), {**PLAIN, **ORIGIN})
        assert (flags.status, flags.body) == (200, b"{}")
        assert flags.headers["Access-Control-Allow-Origin"] == ORIGIN["Origin"]

    faced(settings, SOURCES, test)
    assert in_kafka(settings) == {f"ph:{n}" for n in ("gz", "form", "list", "batch", "capture")}


def test_matomo_ga4_and_snowplow_get_the_answers_that_their_trackers_expect(
    settings: Settings,
) -> None:
    hit = "idsite=1&rec=1&_id=3f2a9c0b1d4e5f60&url=https%3A%2F%2Fshop.example%2F"
    event = {"e": "pv", "eid": "s-1", "aid": "shop", "duid": "d-1", "url": "https://shop.example/"}
    tp2 = "/com.snowplowanalytics.snowplow/tp2"

    async def test(site: Facing) -> None:
        image = await site.taken("GET", f"/matomo.php?{hit}&rand=1")
        assert (image.status, image.headers["Content-Type"]) == (200, "image/gif")
        nothing = await site.taken("POST", f"/matomo.php?{hit}&rand=2&send_image=0", b"", ORIGIN)
        assert (nothing.status, nothing.body) == (204, b"")
        bulk = await site.taken("POST", "/matomo.php", packed({"requests": [f"?{hit}", 5]}), JSON)
        assert json.loads(bulk.body) == {"status": "success", "tracked": 1, "invalid": 1}
        tag = await site.taken(
            "POST", "/g/collect?v=2&tid=G-1&cid=1.2&_p=1", b"en=page_view\r\nen=scroll", PLAIN
        )
        assert (tag.status, tag.body) == (204, b"")
        body = packed({"client_id": "1.2", "events": [{"name": "purchase", "params": {}}]})
        protocol = "/mp/collect?measurement_id=G-1&api_secret="
        assert (await site.taken("POST", f"{protocol}mp-secret", body, JSON)).status == 204
        assert (await site.send("POST", f"{protocol}wrong", body, JSON)).status == 401
        post = packed({"schema": "iglu:x", "data": [event]})
        snow = await site.taken("POST", tp2, post, {**JSON, **ORIGIN})
        assert (snow.status, snow.body) == (200, b"ok")
        assert snow.headers["Access-Control-Allow-Origin"] == ORIGIN["Origin"]
        assert snow.headers["Access-Control-Allow-Credentials"] == "true"
        long = await site.taken("GET", f"/i?e=pv&eid=s-2&aid=shop&duid=d-1&cx={'A' * 20_000}")
        assert (long.status, long.body[:3]) == (200, b"GIF")

    faced(settings, SOURCES, test)
    found = in_kafka(settings)
    assert {"sp:s-1", "sp:s-2"} <= found
    assert len([id for id in found if id.startswith("mt:")]) == 3
    assert len([id for id in found if id.startswith("ga:")]) == 2


def test_a_webhook_is_taken_with_a_signature_of_either_secret_and_not_without(
    settings: Settings,
) -> None:
    order = packed({"id": 7, "total_price": "9.90", "currency": "EUR", "cart_token": "c-1"})

    def shopify(secret: str, id: str) -> dict[str, str]:
        made = signature(secret.encode(), order).decode()
        given = {"X-Shopify-Topic": "orders/create", "X-Shopify-Event-Id": id}
        return {**JSON, **given, "X-Shopify-Hmac-SHA256": made}

    async def test(site: Facing) -> None:
        for secret in ("now", "before"):
            heard = await site.taken(
                "POST", "/connect/shopify/shop", order, shopify(secret, secret)
            )
            assert heard.status == 200
        wrong = await site.send("POST", "/connect/shopify/shop", order, shopify("other", "x"))
        assert wrong.status == 401
        assert (await site.send("POST", "/connect/shopify/shop", order, JSON)).status == 401
        nobodys = await site.send("POST", "/connect/shopify/nobody", order, JSON)
        assert (nobodys.status, json.loads(nobodys.body)["code"]) == (404, "not_found")
        ping = await site.send("POST", "/connect/woocommerce/woo", b"webhook_id=5", FORM)
        assert ping.status == 200
        woo = packed({"id": 9, "status": "processing", "total": "5", "currency": "EUR"})
        signed = {
            "X-WC-Webhook-Signature": signature(b"woo-secret", woo).decode(),
            "X-WC-Webhook-Topic": "order.created",
        }
        assert (await site.taken("POST", "/connect/woocommerce/woo", woo, signed)).status == 200
        assert (
            await site.send("POST", "/connect/woocommerce/woo", woo + b" ", signed)
        ).status == 401
        pixel = packed({"name": "page_viewed", "id": "px-1", "clientId": "c-1", "data": {}})
        taken = await site.taken(
            "POST", "/connect/shopify-pixel/r4nd0m", pixel, {**PLAIN, "Origin": "null"}
        )
        assert (taken.status, taken.headers["Access-Control-Allow-Origin"]) == (200, "null")
        metrics = await site.send("GET", "/connect/adobe-commerce/magento?challenge=8ec8-d794")
        assert (metrics.status, metrics.body) == (200, b"8ec8-d794")
        waiting = {"x-adobe-commerce-webhook-signature": "x", **JSON}
        let = await site.send("POST", "/connect/adobe-commerce/magento", b"{}", waiting)
        assert json.loads(let.body) == [{"op": "success"}]

    faced(settings, SOURCES, test)
    found = in_kafka(settings)
    assert {"sh:now:orders/create", "sh:before:orders/create", "sh:px-1"} <= found
    assert len(found) == 4


def test_a_sender_of_cloudevents_agrees_first_and_then_sends(settings: Settings) -> None:
    own = "/connect/cloudevents/bus"
    bearer = {"Authorization": "Bearer bus-secret"}
    event = {
        "specversion": "1.0",
        "id": "1",
        "source": "/shop",
        "type": "com.shop.checkout.started",
        "subject": "v-1",
    }

    async def test(site: Facing) -> None:
        asked = await site.send("OPTIONS", own, b"", {"WebHook-Request-Origin": "bus.example"})
        assert asked.status == 200
        assert asked.headers["WebHook-Allowed-Origin"] == "bus.example"
        assert asked.headers["WebHook-Allowed-Rate"]
        structured = {"Content-Type": "application/cloudevents+json", **bearer}
        assert (await site.taken("POST", own, packed(event), structured)).status == 200
        batch = {"Content-Type": "application/cloudevents-batch+json", **bearer}
        two = packed([{**event, "id": "2"}, {**event, "id": "3"}])
        assert (await site.taken("POST", own, two, batch)).status == 200
        binary = {f"ce-{name}": value for name, value in {**event, "id": "4"}.items()}
        assert (await site.taken("POST", own, b"{}", {**binary, **JSON, **bearer})).status == 200
        xml = {"Content-Type": "application/xml", **bearer}
        assert (await site.send("POST", own, b"<x/>", xml)).status == 415
        assert (await site.send("POST", own, packed(event), JSON)).status == 401

    faced(settings, SOURCES, test)
    assert in_kafka(settings) == {f"ce:/shop:{n}" for n in range(1, 5)}


def test_a_preflight_of_a_browser_is_allowed(settings: Settings) -> None:
    async def test(site: Facing) -> None:
        for path, wanted in (
            ("/v1/t", "authorization,content-type"),
            ("/com.snowplowanalytics.snowplow/tp2", "content-type,sp-anonymous"),
            ("/e/?compression=gzip-js", ""),
        ):
            asked = {**ORIGIN, "Access-Control-Request-Method": "POST"}
            if wanted:
                asked["Access-Control-Request-Headers"] = wanted
            heard = await site.send("OPTIONS", path, b"", asked)
            assert heard.status == 204
            assert heard.headers["Access-Control-Allow-Origin"] == ORIGIN["Origin"]
            assert heard.headers["Access-Control-Allow-Credentials"] == "true"
            assert wanted in heard.headers["Access-Control-Allow-Headers"]
        denied = await site.send("POST", "/v1/t", packed({"writeKey": "no"}), ORIGIN)
        assert denied.status == 401
        assert denied.headers["Access-Control-Allow-Origin"] == ORIGIN["Origin"]
        assert set(json.loads(denied.body)) == {"code", "message"}

    faced(settings, SOURCES, test)


def test_a_faulty_message_is_refused_alone_and_kept_under_its_source(
    settings: Settings,
) -> None:
    batch = {"batch": [message("fine"), "no object: ann@shop.de", message("fine-2")]}

    async def test(site: Facing) -> None:
        heard = await site.taken("POST", "/v1/batch", packed(batch), basic("wk"))
        assert heard.status == 200
        broken = await site.send("POST", "/v1/batch", b'{"batch": [', basic("wk"))
        assert broken.status == 400
        large = await site.send("POST", "/v1/batch", b" " * (4 * 2**20 + 1), basic("wk"))
        assert large.status == 413
        bomb = gzip.compress(b" " * (9 * 2**20))
        assert (await site.send("POST", "/v1/batch", bomb, basic("wk"))).status == 413
        many = {"batch": [message(f"m-{n}", anonymousId=f"v-{n}") for n in range(2_502)]}
        whole = await site.taken("POST", "/v1/batch", packed(many), basic("wk"))
        assert whole.status == 200

    faced(settings, SOURCES, test)
    found = in_kafka(settings)
    assert {"sg:fine", "sg:fine-2", "sg:m-2499"} <= found
    assert "sg:m-2500" not in found
    refused = rejected(settings, 4)
    reasons = sorted(record.headers["reason"] for record in refused)
    assert reasons == ["not_an_object", "not_json", "too_many", "too_many"]
    assert {record.headers["source"] for record in refused} == {"web"}
    assert not any(b"shop.de" in record.value for record in refused)


def test_facts_about_people_count_from_servers_and_not_from_browsers(
    settings: Settings,
) -> None:
    def who(id: str, key: str) -> dict[str, Any]:
        traits = {"email": "ann@shop.de"}
        return {
            "type": "identify",
            "messageId": id,
            "anonymousId": "v-1",
            "userId": "u-1",
            "traits": traits,
            "writeKey": key,
        }

    async def test(site: Facing) -> None:
        await site.taken("POST", "/v1/i", packed(who("browser", "wk")))
        await site.taken("POST", "/v1/identify", packed(who("server", "sk")))

    faced(settings, SOURCES, test)
    (record,) = kept(settings)[:1]
    event = json.loads(record.value)
    assert (event["id"], event["customer"]) == ("sg:server", "u-1")
    assert "ann" not in record.value.decode()


def test_a_robots_visit_is_nobodys_and_its_order_counts(settings: Settings) -> None:
    robot = {
        "User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
    }
    order = message("order", type="track", event="Order Completed", properties={"order_id": "1"})

    async def test(site: Facing) -> None:
        await site.taken("POST", "/v1/p", packed(message("robot")), robot)
        await site.taken("POST", "/v1/p", packed(message("ahead")), {"Sec-Purpose": "prefetch"})
        await site.taken("POST", "/v1/t", packed(order), robot)
        await site.taken("POST", "/v1/p", packed(message("person")))

    faced(settings, SOURCES, test)
    assert in_kafka(settings) == {"sg:order", "sg:person"}


async def flood(site: Facing, document: Any) -> Heard:
    """Sends many requests at once. Returns an answer that refuses one as too many."""
    heard = await asyncio.gather(
        *(site.send("POST", "/v1/p", packed(document)) for _ in range(200))
    )
    return next(each for each in heard if each.status == 429)


def test_a_flooding_browser_gets_retry_after_but_a_trusted_server_does_not(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIGGERS_COLLECT_PER_ADDRESS", "2")

    async def test(site: Facing) -> None:
        await site.taken("POST", "/v1/p", packed(message("first")))
        assert (await flood(site, message("m"))).headers["Retry-After"]
        for n in range(30):
            server = packed(message(f"s-{n}", writeKey="sk"))
            assert (await site.taken("POST", "/v1/p", server)).status == 200
        await flood(site, message("x", writeKey="no"))

    faced(settings, SOURCES, test)


def test_metrics_count_each_source(settings: Settings) -> None:
    async def test() -> None:
        site = make_site(settings, tuple(SOURCES))
        async with serving(site, "127.0.0.1", 0) as (port, _), ClientSession() as session:
            facing = Facing(session, f"http://127.0.0.1:{port}")
            await facing.until_ready()
            await facing.taken("POST", "/v1/p", packed(message("m")))
            odd = message("odd", type="track", event="Wheel Spun")
            await facing.taken("POST", "/v1/t", packed(odd))
            await facing.send("POST", "/connect/shopify/shop", b"{}")
            text = site.collected.text().decode()
            assert 'triggers_collector_events_total{source="web",type="page.viewed"} 1.0' in text
            assert 'triggers_collector_posts_total{source="web",status="200"} 2.0' in text
            unknown = 'triggers_collector_unknown_events_total{name="Wheel_Spun",source="web"} 1.0'
            assert unknown in text
            assert 'unauthorized_total{kind="shopify",reason="wrong_signature"} 1.0' in text
            assert 'last_event_timestamp_seconds{source="px"} 0.0' in text

    asyncio.run(test())


def test_a_client_that_hangs_up_does_not_undo_its_events(settings: Settings) -> None:
    body = packed(message("gone"))
    head = (
        b"POST /v1/p HTTP/1.0\r\nHost: x\r\nContent-Type: text/plain\r\n"
        b"Content-Length: %d\r\n\r\n" % len(body)
    )

    async def test(site: Facing) -> None:
        await site.taken("POST", "/v1/p", packed(message("first")))
        port = int(site.url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as line:
            line.sendall(head + body)
        async with asyncio.timeout(60):
            while "sg:gone" not in await asyncio.to_thread(in_kafka, settings):
                await asyncio.sleep(0.1)

    faced(settings, SOURCES, test)


def test_without_a_broker_the_answer_is_503_and_when_to_come_again() -> None:
    nowhere = Settings(kafka=("127.0.0.1:1",))

    async def run() -> None:
        site = make_site(nowhere, tuple(SOURCES))
        async with serving(site, "127.0.0.1", 0) as (port, _), ClientSession() as session:
            facing = Facing(session, f"http://127.0.0.1:{port}")
            for path in ("/v1/p", "/connect/segment/wk/v1/p"):
                heard = await facing.send("POST", path, packed(message("m")), ORIGIN)
                assert heard.status == 503
                assert int(heard.headers["Retry-After"]) > 0
                assert heard.headers["Access-Control-Allow-Origin"] == ORIGIN["Origin"]
            assert (await facing.send("GET", "/ready")).status == 503
            assert (await facing.send("GET", "/live")).status == 200
            assert (await facing.send("POST", "/flags/", b"{}")).status == 200

    asyncio.run(run())
