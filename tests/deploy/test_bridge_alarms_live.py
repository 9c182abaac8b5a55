"""A real Prometheus scrapes a real bridge: each alarm of bridges is raised by its cause, and ends with it."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest
from kafka import TopicPartition
from kafka.admin import KafkaAdminClient

from tests.deploy.prometheus_server import PrometheusServer
from tests.deploy.test_prometheus import ALERTS
from tests.deploy.tools import found
from tests.integration.bridging import Bridge, Sources, until, viewed
from tests.integration.registry_server import RegistryServer

OWN = {name for name in ALERTS if "Bridge" in name or "Registry" in name}

WAITS = {"TriggersRegistryDown", "TriggersBridgeBehind"}
"""Both are raised while the schema registry does not answer."""

FRESH_S = 10.0
"""A partition whose records lie unread is asked for nothing more: after this time (s) its end is no longer fresh."""


class Setting(NamedTuple):
    sources: Sources
    topic: str
    slow: str
    schemas: RegistryServer
    bridge: Bridge
    prometheus: PrometheusServer

    def fires(self, *names: str) -> None:
        self.prometheus.wait(lambda: self.prometheus.fired.keys() >= set(names))

    def said(self, name: str) -> str:
        return self.prometheus.fired[name][1]["summary"]

    def carries(self, *values: bytes, age_ms: int | None = None) -> None:
        """Writes records to the slow source, and waits until the bridge has carried them."""
        before = self._slow_records()
        for value in values:
            t = None if age_ms is None else int(time.time() * 1000) - age_ms
            self.sources.put(self.slow, value, t=t)
        self.sources.flush()
        until(lambda: self._slow_records() >= before + len(values), 30)
        assert self._slow_records() == before + len(values)

    def _slow_records(self) -> float:
        return self.bridge.number("triggers_bridge_records_total", source="slow")


@pytest.fixture
def setting(broker: str, prefix: str, tmp_path: Path) -> Iterator[Setting]:
    program = found("prometheus", "Debian's package prometheus")
    sources, schemas = Sources(broker, prefix, tmp_path), RegistryServer()
    with ExitStack() as stack:
        stack.callback(sources.close)
        stack.callback(schemas.close)
        topic = sources.add("web", "segment", 1)
        slow = sources.add("slow", "segment", 1, stamps="CreateTime")
        bridge = Bridge(sources, TRIGGERS_SCHEMA_REGISTRY=schemas.url, TRIGGERS_BRIDGE_START="1h")
        server = PrometheusServer(program, sources.folder, {"triggers-bridge": bridge.port})
        for process in (bridge.process, server):
            stack.callback(process.kill)
            process.start()
        yield Setting(sources, topic, slow, schemas, bridge, server)


@pytest.mark.slow
def test_each_alarm_of_bridges_is_raised_by_its_cause_and_ends_with_it(setting: Setting) -> None:
    sources, prometheus, bridge = setting.sources, setting.prometheus, setting.bridge
    prometheus.wait(lambda: prometheus.has('triggers_bridge_records_total{source="web"}'))
    assert not OWN & prometheus.firing(), "before anything has happened"

    for number in range(1_100):
        sources.put(setting.topic, viewed(number, f"v-{number}"))
    for _ in range(100):
        sources.put(setting.topic, b"{")
    sources.flush()
    setting.fires("TriggersBridgeUnreadable")
    assert "of the records of web cannot be read" in setting.said("TriggersBridgeUnreadable")
    setting.fires("TriggersBridgeSilent")
    assert setting.said("TriggersBridgeSilent").startswith("web has written nothing")

    setting.carries(viewed(1, "v"), age_ms=600_000)
    setting.schemas.down = True
    sources.put(setting.slow, b"\0\0\0\0\7abc")
    sources.flush()
    setting.fires(*WAITS)
    assert setting.said("TriggersBridgeBehind").endswith(" behind slow")
    sources.put(setting.slow, viewed(3, "v"))
    sources.flush()
    since = time.monotonic()
    prometheus.wait(lambda: time.monotonic() - since > FRESH_S + 5)
    assert prometheus.firing() >= WAITS, "they last as long as it waits"
    setting.schemas.down = False
    prometheus.wait(lambda: not WAITS & prometheus.firing())

    bridge.process.kill()
    setting.sources.put(setting.slow, viewed(2, "v"))
    setting.sources.flush()
    admin = KafkaAdminClient(bootstrap_servers=sources.servers)
    admin.delete_records({TopicPartition(setting.slow, 0): -1})
    admin.close()
    setting.fires("TriggersBridgeDown")
    bridge.process.start()
    setting.fires("TriggersBridgeDeletedUnread")
    assert setting.said("TriggersBridgeDeletedUnread").startswith("1 records of slow")
    prometheus.wait(lambda: not OWN & prometheus.firing())

    assert prometheus.fired.keys() >= OWN
    for name in OWN:
        labels, annotations = prometheus.fired[name]
        assert labels["severity"] == ALERTS[name]["labels"]["severity"]
        assert annotations["runbook_url"] == ALERTS[name]["annotations"]["runbook_url"]
