"""A real Prometheus scrapes a worker and a collector: alarms are raised by their causes, and end with them.

The durations of the rules are shortened, and nothing else of them.
"""

import base64
import hmac
import json
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from kafka import KafkaProducer

from agents.config.settings import Settings
from agents.kafka import cluster_admin
from agents.kafka.topics import EVENTS, RECIPES
from agents.local import ports
from agents.local.process import Process
from agents.published import published_document
from tests.deploy.prometheus_server import EVERY_S, PrometheusServer
from tests.deploy.test_prometheus import ALERTS
from tests.deploy.tools import ROOT, found
from tests.integration.collecting import make_topics

SOURCES = """
sources:
  - {name: web, kind: segment, keys: [wk], trust: server}
  - {name: woo, kind: woocommerce, secrets: [woo_hush]}
"""
UP = ('up{job="triggers-worker"} == 1', 'triggers_collector_orders_of_nobody_total{source="web"}')
"""What Prometheus must have scraped before anything happens."""

PING = {"id": "last", "type": "activity.pinged", "visitor": "v"}

CAUSED = {
    "TriggersWorkersDown",
    "TriggersWorkerDown",
    "TriggersSignaturesWrong",
    "TriggersOrdersOfNobody",
}
INPUT = {
    "TriggersOrdersOfStrangers",
    "TriggersOrderRejected",
    "TriggersOrderMisnamed",
    "TriggersRejectedRun",
    "TriggersRejectedShare",
    "TriggersUnknownTypes",
    "TriggersLateShare",
    "TriggersSourceRefused",
    "TriggersKeysUnknown",
}
DOOR = "TriggersCollectorDown"
DOCUMENTS = {"TriggersRecipesRefused", "TriggersRecipeTopicMissing"}
QUIET = {"TriggersInputStopped", "TriggersSourceSilent"}
"""They are raised once what came before has stopped."""


class Shop(NamedTuple):
    """`settings`: those of the topics."""

    url: str
    worker: Process
    collector: Process
    prometheus: PrometheusServer
    producer: KafkaProducer
    settings: Settings

    def publish(self, *names: str) -> None:
        """Writes a document with these recipes, without making the topics of their triggers."""
        document = {"recipes": [{"name": name, "kind": "cart-abandonment"} for name in names]}
        self.send(RECIPES, published_document.value_of(document, None, "live", ""), None)

    def send(self, topic: str, value: bytes, key: bytes | None = b"v") -> None:
        self.producer.send(self.settings.topic(topic), value, key)
        self.producer.flush()

    def post(self, path: str, document: Any, **headers: str) -> int:
        """Posts JSON; returns the status."""
        body = json.dumps(document).encode()
        request = urllib.request.Request(f"{self.url}{path}", body, headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    def signs_wrongly(self) -> int:
        order = {"id": 1, "status": "processing"}
        signature = hmac.digest(b"another secret", json.dumps(order).encode(), "sha256")
        return self.post(
            "/connect/woocommerce/woo",
            order,
            **{
                "Content-Type": "application/json",
                "X-WC-Webhook-Topic": "order.created",
                "X-WC-Webhook-Signature": base64.b64encode(signature).decode(),
            },
        )

    def orders_of_nobody(self, count: int) -> int:
        bought = {"type": "track", "event": "Order Completed", "channel": "server"}
        orders = [
            bought | {"messageId": f"m-{number}", "properties": {"order_id": f"{number}"}}
            for number in range(count)
        ]
        return self.post("/v1/batch", {"writeKey": "wk", "batch": orders})

    def checkouts_and_orders_of_strangers(self) -> int:
        """The pages say who checks out by a browser, the server who orders by a number of its own."""
        track = {"type": "track", "event": "Checkout Started"}
        pages = [
            track | {"messageId": f"c-{number}", "anonymousId": f"a-{number}"}
            for number in range(110)
        ]
        bought = {"type": "track", "event": "Order Completed", "channel": "server"}
        orders = [
            bought
            | {"messageId": f"s-{n}", "userId": f"db-{n}", "properties": {"order_id": f"s-{n}"}}
            for n in range(30)
        ]
        return self.post("/v1/batch", {"writeKey": "wk", "batch": [*pages, *orders]})

    def write(self, count: int, type: str, **body: Any) -> None:
        """Writes events of as many visitors past the collector."""
        for number in range(count):
            event = {"id": f"{type}-{number}", "type": type, "visitor": f"w-{number}", **body}
            value, key = json.dumps(event).encode(), f"w-{number}".encode()
            self.producer.send(self.settings.topic(EVENTS), value, key)
        self.producer.flush()


def program(folder: Path, environ: dict[str, str], ready: str, *words: str) -> Process:
    settings = [f"{name}={value}" for name, value in environ.items()]
    command = ["env", f"PYTHONPATH={ROOT}", *settings, sys.executable, "-m", "agents", *words]
    return Process(
        words[0], command, folder / f"{words[0]}.log", lambda process: ready in process.output()
    )


@pytest.fixture(scope="module")
def prometheus() -> str:
    return found("prometheus", "Debian's package prometheus")


@pytest.fixture(scope="module")
def shop(prometheus: str, broker: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("alerts")
    (folder / "sources.yaml").write_text(SOURCES)
    settings = make_topics(broker, f"alerts-{folder.name}.")
    door, collecting, working = ports.free(3)
    environ = {
        "TRIGGERS_KAFKA": broker,
        "TRIGGERS_PREFIX": settings.prefix,
        "TRIGGERS_SOURCES": str(folder / "sources.yaml"),
        "TRIGGERS_IDENTITY_PEPPER": "p" * 32,
        "TRIGGERS_METRICS": f"127.0.0.1:{working}",
    }
    at = ["--listen", f"127.0.0.1:{door}", "--metrics", f"127.0.0.1:{collecting}"]
    worker = program(folder, environ, " assigned ", "worker")
    collector = program(folder, environ, " started ", "collector", *at)
    targets = {"triggers-worker": working, "triggers-collector": collecting}
    server = PrometheusServer(prometheus, folder, targets)
    with ExitStack() as stack:
        producer = KafkaProducer(bootstrap_servers=broker.split(","))
        stack.callback(producer.close)
        for process in (worker, collector, server):
            stack.callback(process.kill)
        worker.launch()
        collector.start()
        worker.wait_ready()
        server.start()
        yield Shop(f"http://127.0.0.1:{door}", worker, collector, server, producer, settings)


def test_alarms_are_raised_by_their_causes_and_end_with_them(shop: Shop) -> None:
    prometheus = shop.prometheus
    prometheus.wait(lambda: all(map(prometheus.has, UP)) and not prometheus.firing())
    before = {"TriggersWorkersDown", "TriggersWorkerDown", "TriggersCollectorDown"}
    assert prometheus.fired.keys() <= before, "before anything has happened"

    shop.worker.kill()
    assert {shop.signs_wrongly() for _ in range(12)} == {401}
    assert shop.orders_of_nobody(4) == 200
    prometheus.wait(lambda: prometheus.fired.keys() >= CAUSED)
    shop.worker.start()
    prometheus.wait(lambda: not CAUSED & prometheus.firing())

    for name in CAUSED:
        labels, annotations = prometheus.fired[name]
        assert labels["severity"] == ALERTS[name]["labels"]["severity"]
        assert annotations["runbook_url"] == ALERTS[name]["annotations"]["runbook_url"]
    for name, figure in (
        ("TriggersSignaturesWrong", "12 webhooks of woocommerce"),
        ("TriggersOrdersOfNobody", "4 orders of web"),
    ):
        assert any(figure in each for each in prometheus.said[name]), prometheus.said[name]
    assert prometheus.fired["TriggersOrdersOfNobody"][0]["source"] == "web"
    assert "TriggersBridgeDown" not in prometheus.fired, "no bridge was ever started"


@pytest.mark.slow
def test_alarms_of_the_input_are_raised_by_it_and_end_with_it(shop: Shop) -> None:
    prometheus = shop.prometheus
    prometheus.wait(lambda: all(map(prometheus.has, UP)) and not prometheus.firing())
    prometheus.fired.clear()

    assert shop.checkouts_and_orders_of_strangers() == 200
    for share in (0.1, 1.0):  # a counter has no rate before its second value
        assert shop.post("/v1/batch", {"writeKey": "wk", "batch": [7] * int(60 * share)}) == 200
        assert shop.post("/v1/batch", {"writeKey": "who"}) == 401
        shop.write(int(100 * share), "page.viewed", client_time=1_000 * int(time.time() - 600))
        time.sleep(3 * EVERY_S)
    assert {shop.post("/v1/batch", {"writeKey": "who"}) for _ in range(12)} == {401}
    shop.write(1_100, "activity.pinged")
    shop.write(100, "thing.done")
    shop.write(1, "order.completed", order={"id": "o"})
    shop.send(EVENTS, b'{"id": "1", "type": "order.placed"}')
    for _ in range(120):
        shop.send(EVENTS, b"{")
    prometheus.wait(lambda: prometheus.fired.keys() >= INPUT)
    assert shop.checkouts_and_orders_of_strangers() == 200, "and then nothing more"
    prometheus.wait(lambda: prometheus.fired.keys() >= QUIET)
    shop.send(EVENTS, json.dumps(PING).encode())
    prometheus.wait(lambda: not (INPUT | QUIET) & prometheus.firing())

    shop.collector.kill()
    prometheus.wait(lambda: DOOR in prometheus.firing())
    shop.collector.start()
    prometheus.wait(lambda: not prometheus.firing())
    others = prometheus.fired.keys() - INPUT - QUIET
    assert {name for name in others if not name.endswith("Down")} == set()
    said = {name: annotations["summary"] for name, (_, annotations) in prometheus.fired.items()}
    assert "order.placed, by a name that nobody reads" in said["TriggersOrderMisnamed"]
    assert said["TriggersOrdersOfStrangers"].endswith("no reminder ends by them")


def test_alarms_of_documents_are_raised_by_them_and_end_with_them(shop: Shop) -> None:
    prometheus = shop.prometheus
    shop.send(RECIPES, b"{", None)
    prometheus.wait(lambda: "TriggersRecipesRefused" in prometheus.firing())
    shop.publish("cart-abandonment", "no-such-topic")
    prometheus.wait(lambda: "TriggersRecipeTopicMissing" in prometheus.firing())
    assert "TriggersRecipesRefused" not in prometheus.firing()
    [said] = prometheus.said["TriggersRecipeTopicMissing"]
    assert "1 topics of triggers" in said
    with cluster_admin.connected(shop.settings) as admin:
        cluster_admin.create(admin, shop.settings, ["no-such-topic"])
    prometheus.wait(lambda: not DOCUMENTS & prometheus.firing())
