"""A running worker exports every metric that the alerts and the dashboard use."""

import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from agents.config.settings import Settings
from agents.demo.workers import WorkerProcesses
from agents.kafka import cluster_admin
from agents.worker.metrics import Metrics
from stream import recipes_file
from tests.deploy import expressions
from tests.deploy.test_grafana import EXPRESSIONS
from tests.deploy.test_prometheus import rules

UNTIL_S = 120.0
STAGES = {"visitors", "keys", "people"}
FAULTS = "duplicates=0.05,late=0.05,unknown=0.05,rubbish=0.05,parts=0.05"
"""Shares so large that 1,200 events have each fault. With seed 1 they leave 1,021 events to apply."""

AUDIENCES = "audiences: [{name: everyone, members: {orders: {min: 0}}}]"


@pytest.fixture(scope="module")
def workers(broker: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerProcesses]:
    """A worker with an audience, after a few seconds of a shop's traffic."""
    recipes = tmp_path_factory.mktemp("recipes") / "recipes.yaml"
    recipes.write_text(AUDIENCES)
    prefix = f"metrics{time.time_ns()}."
    environ = {
        "TRIGGERS_KAFKA": broker,
        "TRIGGERS_PREFIX": prefix,
        "TRIGGERS_SECURITY": "PLAINTEXT",
        "TRIGGERS_RECIPES": str(recipes),
    }
    settings = Settings.read(environ)
    with cluster_admin.connected(settings) as admin:
        cluster_admin.create(admin, settings, recipes_file.DEFAULT.names, 2)
    with WorkerProcesses(1, environ, tmp_path_factory.mktemp("logs")) as workers:
        workers.wait()
        simulate = [sys.executable, "-m", "agents", "simulate", "--faults", FAULTS]
        simulate += ["--seed", "1", "--rate", "300", "--seconds", "4"]
        subprocess.run(
            simulate, env=environ, check=True, cwd=Path(__file__).parents[2], timeout=180
        )
        yield workers


def samples(workers: WorkerProcesses) -> list[Sample]:
    """What the worker exports at one moment."""
    url = f"http://127.0.0.1:{workers.ports[0]}/metrics"
    with urllib.request.urlopen(url, timeout=30) as answer:
        text = answer.read().decode()
    return [each for family in text_string_to_metric_families(text) for each in family.samples]


def told(workers: WorkerProcesses) -> dict[str, list[dict[str, str]]]:
    """The labels of each sample, by its name."""
    found: dict[str, list[dict[str, str]]] = {}
    for sample in samples(workers):
        found.setdefault(sample.name, []).append(sample.labels)
    return found


def asked() -> set[str]:
    """Of a worker."""
    expressed = [rule["expr"] for rule in rules()] + EXPRESSIONS
    names = {name for each in expressed for name, _ in expressions.selected(each)}
    mine = {n for family in Metrics().registry.collect() for n in names if family.name in n}
    assert len(mine) > 25
    return mine


def test_a_worker_exports_every_metric_that_rules_and_dashboards_use(
    workers: WorkerProcesses,
) -> None:
    until, missing = time.monotonic() + UNTIL_S, asked()
    while missing and time.monotonic() < until:
        missing = asked() - told(workers).keys()
        time.sleep(0.2)
    assert missing == set()


def test_labels_come_from_closed_sets(workers: WorkerProcesses) -> None:
    found = told(workers)
    names = {*recipes_file.DEFAULT.names}
    assert {labels["recipe"] for labels in found["triggers_published_total"]} == names
    assert {labels["stage"] for labels in found["triggers_lag_records"]} == STAGES
    assert {labels["partition"] for labels in found["triggers_lag_records"]} == {"0", "1"}
    known = {label for labels in expressions.told().values() for label in labels}
    assert {label for each in found.values() for labels in each for label in labels} <= known


def test_the_exported_metrics_are_consistent(workers: WorkerProcesses) -> None:
    """All sent records are counted, by outcome and type."""
    until, events = time.monotonic() + UNTIL_S, Counter[tuple[str, str]]()
    while events.total() < 1200 and time.monotonic() < until:
        time.sleep(0.2)
        for each in samples(workers):
            if each.name == "triggers_events_total":
                events[each.labels["outcome"], each.labels["type"]] = int(each.value)
    assert events.total() >= 1200
    assert sum(number for (outcome, _), number in events.items() if outcome == "applied") > 1000
    assert events["applied", "page.viewed"] > 0
