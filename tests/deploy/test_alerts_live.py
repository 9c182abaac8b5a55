"""A real Prometheus scrapes a worker and a collector: alarms are raised by their causes, and end with them.

The durations of the rules are shortened, and nothing else of them.
"""

import base64
import hmac
import json
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from agents.local import ports
from agents.local.process import Process
from tests.deploy.prometheus_server import PrometheusServer
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

CAUSED = {"TriggersWorkersDown", "TriggersSignaturesWrong", "TriggersOrdersOfNobody"}


class Shop(NamedTuple):
    url: str
    worker: Process
    prometheus: PrometheusServer

    def post(self, path: str, document: Any, **headers: str) -> int:
        """Posts JSON; returns the status."""
        body = json.dumps(document).encode()
        request = urllib.request.Request(f"{self.url}{path}", body, headers)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
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
        for process in (worker, collector, server):
            stack.callback(process.kill)
        worker.launch()
        collector.start()
        worker.wait_ready()
        server.start()
        yield Shop(f"http://127.0.0.1:{door}", worker, server)


def test_alarms_are_raised_by_their_causes_and_end_with_them(shop: Shop) -> None:
    prometheus = shop.prometheus
    prometheus.wait(lambda: all(map(prometheus.has, UP)) and not prometheus.firing())
    assert prometheus.fired.keys() <= {"TriggersWorkersDown"}, "before anything has happened"

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
    said = {name: annotations["summary"] for name, (_, annotations) in prometheus.fired.items()}
    assert "12 webhooks of woocommerce" in said["TriggersSignaturesWrong"]
    assert "4 orders of web" in said["TriggersOrdersOfNobody"]
    assert prometheus.fired["TriggersOrdersOfNobody"][0]["source"] == "web"
    assert "TriggersBridgeDown" not in prometheus.fired, "no bridge was ever started"
