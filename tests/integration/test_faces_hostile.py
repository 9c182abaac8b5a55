"""No request of anybody is answered with a fault of the collector's own, whatever its path, body and headers."""

import asyncio
import base64
import gzip
import itertools

from agents.config.settings import Settings
from tests.integration.collecting import make_topics
from tests.integration.facing import Facing, faced
from tests.integration.test_faces import FORM, JSON, ORIGIN, PLAIN, SOURCES, basic

ASKED = """
/ /live /collect /v1/batch /v1/track /v1/t /v1/zzz /v1/m /beacon/v1/batch /pixel/v1/track /e /i/v0/e/ /batch/ /capture/
/engage /i/v1/analytics/events /flags/ /decide /array/x/config.js /s/ /matomo.php /piwik.php /g/collect /mp/collect
/debug/mp/collect /com.snowplowanalytics.snowplow/tp2 /x/tp2 /a.b/c /i /ice.png /connect/ /connect/none/x
/connect/shopify /connect/shopify/ /connect/shopify/shop /connect/shopify/nobody /connect/shopify-pixel/r4nd0m
/connect/shopify-pixel/none /connect/woocommerce/woo /connect/cloudevents/bus /connect/cloudevents/none
/connect/commercetools/none /connect/adobe-commerce/magento /connect/adobe-commerce/none /connect/segment/web/v1/batch
/connect/segment/none/v1/t /connect/ga4/tags/any /connect/ga4/none /connect/matomo/site/matomo.php /%00 /connect/ga4/%ff
"""
PATHS = ASKED.split()
BODIES = [
    b"",
    b"null",
    b"[]",
    b'{"batch": [1, null, {"type": "track", "writeKey": "wk"}]}',
    b'{"requests": ["?idsite=1&rec=1", 1, null], "data": [{"e": "pv", "aid": "shop"}, 5]}',
    b'[{"specversion": "1.0", "id": 1, "api_key": "phc_x"}]',
    b"[" * 2000,
    b"\xff\xfe\x00",
    gzip.compress(b"{}")[:10],
    b"data=" + base64.b64encode(b'{"event": "x"}') + b"&webhook_id=1&a=%zz",
]
HEADERS = [
    {},
    {**PLAIN, **ORIGIN},
    {**FORM, "Authorization": "Basic !!!"},
    {**JSON, **basic("wk"), "Content-Encoding": "zstd"},
    {"Content-Type": "application/cloudevents-batch+json", "Authorization": "Bearer bus-secret"},
    {"ce-id": "1", "ce-type": "x", "ce-source": "s", "Content-Type": ";;;", "Origin": "null"},
]
METHODS = ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"]


def test_no_request_makes_the_collector_fail(broker: str, prefix: str) -> None:
    settings: Settings = make_topics(broker, prefix)

    async def test(site: Facing) -> None:
        asked = [("POST", *rest) for rest in itertools.product(PATHS, BODIES, HEADERS)]
        asked += itertools.product(METHODS, PATHS, BODIES[:1], HEADERS[:3])
        room = asyncio.Semaphore(32)

        async def one(method: str, path: str, body: bytes, headers: dict[str, str]) -> int:
            async with room:
                return (await site.send(method, path, body, headers)).status

        answers = await asyncio.gather(*(one(*each) for each in asked))
        failed = [each[:3] for each, status in zip(asked, answers, strict=True) if status == 500]
        assert failed == []
        assert {200, 204, 400, 401, 404, 405, 415} & set(answers) >= {200, 204, 400, 401, 404}

    faced(settings, SOURCES, test)
