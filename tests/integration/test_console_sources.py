"""A collector in a process of its own, requests to it, and the console's figures about them."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from agents.config.settings import Settings
from agents.console import collectors
from agents.faces import request_log
from agents.local.ports import free
from tests.integration.asking import Answer, Console, Site, console
from tests.integration.collecting import make_topics

KEY = "the key of an operator"
FILE = """
sources:
  - name: web
    kind: segment
    keys: [wk]
"""


class Collecting(NamedTuple):
    metrics: str
    console: Console
    url: str

    def sent(self, document: Any, key: str = "wk") -> Answer:
        """Sends a document, and repeats it while Kafka does not accept records."""
        end = time.monotonic() + 90
        sender = Site(self.url)
        while (answer := sender.send("POST", "/v1/batch", {"writeKey": key, "batch": document})).status == 503:  # fmt: skip
            assert time.monotonic() < end, answer
            time.sleep(0.2)
        return answer


@pytest.fixture(scope="module")
def collecting(broker: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collecting]:
    settings: Settings = make_topics(broker, f"sources{os.getpid()}.")
    file: Path = tmp_path_factory.mktemp("sources") / "sources.yaml"
    file.write_text(FILE)
    metrics = f"127.0.0.1:{free(1)[0]}"
    environ = {
        **os.environ, "TRIGGERS_KAFKA": ",".join(settings.kafka), "TRIGGERS_PREFIX": settings.prefix,
        "TRIGGERS_SOURCES": str(file), "TRIGGERS_IDENTITY_PEPPER": "p" * 32, request_log.SETTING: KEY,
    }  # fmt: skip
    command = [sys.executable, "-m", "agents", "collector", "--listen", "127.0.0.1:0", "--metrics", metrics]  # fmt: skip
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().decode().split()[-1].rstrip("/")
            more = {collectors.SETTING: metrics, request_log.SETTING: KEY}
            with console(settings, 0, **more) as page:
                yield Collecting(metrics, page, url)
        finally:
            process.terminate()


def of_web(page: Console) -> Any:
    found = page.get("/api/sources").json
    assert found["faults"] == []
    assert found["may_look"] is True
    return next(each for each in found["sources"] if each["source"] == "web")


def test_the_page_shows_the_requests_of_a_source_and_their_results(collecting: Collecting) -> None:
    page = {"type": "page", "messageId": "m-1", "anonymousId": "v-1", "name": "Home",
            "properties": {"url": "https://shop.example/"}}  # fmt: skip
    strange = {
        "type": "track",
        "messageId": "m-2",
        "anonymousId": "v-1",
        "event": "Wishlist Shared",
    }
    assert collecting.sent([page, strange]).status == 200
    assert collecting.sent([page], key="another").status in (200, 401)
    found = of_web(collecting.console)
    assert found["events"] == {"page.viewed": 1, "activity.pinged": 1}
    assert found["last"] > time.time() * 1000 - 120_000
    (entry,) = [
        each
        for each in collecting.console.get("/api/sources/web/requests").json["requests"]
        if each["status"] == 200
    ]
    assert (entry["method"], entry["path"]) == ("POST", "/v1/batch")
    assert entry["became"]["events"] == {"page.viewed": 1, "activity.pinged": 1}
    assert "shop.example" not in json.dumps(entry)


def test_the_page_shows_how_many_orders_of_a_source_name_nobody(collecting: Collecting) -> None:
    bought = {"type": "track", "event": "Order Completed", "channel": "server"}
    orders = [
        bought | {"messageId": f"o-{number}", "properties": {"order_id": str(number)}, **who}
        for number, who in enumerate(({}, {"anonymousId": "v-9"}, {"anonymousId": "undefined"}))
    ]
    before = of_web(collecting.console)["orders_of_nobody"]
    assert collecting.sent(orders).status == 200
    found = of_web(collecting.console)
    assert found["orders_of_nobody"] - before == 2
    assert found["events"]["order.placed"] == 1


def test_the_collector_shows_its_requests_only_with_the_key(collecting: Collecting) -> None:
    asker = Site(f"http://{collecting.metrics}")
    assert asker.get("/requests?source=web").status == 401
    assert asker.get("/requests?source=web", Authorization="Bearer no").status == 401
    assert asker.get("/requests?source=web", Authorization=f"Bearer {KEY}").status == 200
    site = Site(collecting.url)
    assert site.get("/requests?source=web", Authorization=f"Bearer {KEY}").status == 404
