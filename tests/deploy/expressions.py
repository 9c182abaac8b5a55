"""Metrics and labels in PromQL expressions, and whether the service exports them."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from prometheus_client import CollectorRegistry

from agents.bridge.metrics import BridgeMetrics
from agents.collector.metrics import CollectorMetrics
from agents.config.settings import Settings
from agents.eraser.metrics import EraserMetrics
from agents.sender.metrics import Metrics as SenderMetrics
from agents.view.metrics import ViewMetrics
from agents.view.redis_client import Link
from agents.view.writer import Writer
from agents.worker.metrics import Metrics
from stream import recipes_file

SELECTOR = re.compile(r"((?:triggers|process|python)_\w+|up)\b(?!:)(?:\{([^}]*)\})?")
RECORDED = re.compile(r"\b\w+:\w+:\w+|\b\w+:increase1h")
LABEL = re.compile(r'(\w+)\s*[=!]~?\s*"')
GROUPED = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")

TARGET = frozenset({"job", "instance"})
"""Labels that Prometheus adds."""

SUFFIXES = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_count", "_sum")}


def registries() -> list[CollectorRegistry]:
    """The registries of all processes of the service."""
    link = Link("redis://localhost:1")
    writer = Writer(Settings(kafka=("localhost:1",)), recipes_file.DEFAULT, link)
    return [
        Metrics().registry,
        SenderMetrics().registry,
        BridgeMetrics().registry,
        EraserMetrics().registry,
        CollectorMetrics().registry,
        ViewMetrics(link, writer).registry,
    ]


def told() -> dict[str, frozenset[str]]:
    """The labels of every exported sample by its name."""
    found: dict[str, frozenset[str]] = {"up": TARGET}
    for registry in registries():
        for collector in registry._collector_to_names:
            found |= _told_by(collector)
    return found


def _told_by(collector: Any) -> dict[str, frozenset[str]]:
    found = {}
    own = getattr(collector, "_labelnames", ())
    for family in collector.collect():
        labels = {*own, *(name for sample in family.samples for name in sample.labels)}
        for suffix in SUFFIXES[family.type]:
            extra = {"le"} if suffix == "_bucket" else set[str]()
            found[family.name + suffix] = frozenset(labels | extra) | TARGET
    return found


def selected(expression: str) -> Iterator[tuple[str, frozenset[str]]]:
    """Yields each metric of an expression with its selector labels."""
    for name, labels in SELECTOR.findall(expression):
        yield name, frozenset(LABEL.findall(labels))


def grouped(expression: str) -> frozenset[str]:
    """The labels by which an expression groups or matches."""
    lists = (labels.split(",") for labels in GROUPED.findall(expression))
    return frozenset(label.strip() for labels in lists for label in labels if label.strip())


def faults(expressions: Iterable[str], recorded: Iterable[str]) -> list[str]:
    """Metrics and labels that are used but not exported, a sentence each."""
    known, rules = told(), set(recorded)
    found = []
    for expression in expressions:
        metrics = list(selected(expression))
        found += [f"no metric {name}" for name, _ in metrics if name not in known]
        found += [
            f"{name} has no label {label}"
            for name, labels in metrics
            for label in labels - known.get(name, labels)
        ]
        found += [f"nothing records {n}" for n in RECORDED.findall(expression) if n not in rules]
        labels = frozenset().union(*(known.get(name, frozenset()) for name, _ in metrics))
        if metrics:
            found += [f"nothing to group by {label}" for label in grouped(expression) - labels]
    return found
