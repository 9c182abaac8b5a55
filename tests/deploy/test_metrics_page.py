"""docs/metrics.md has every metric with its labels, and no other."""

import re

from tests.deploy import expressions
from tests.deploy.tools import ROOT

PAGE = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| (triggers_\w+) \|([^|]*)\|", re.MULTILINE)


def promised() -> dict[str, set[str]]:
    rows = {name: labels.replace("(histogram)", "") for name, labels in ROW.findall(PAGE)}
    return {
        name: {label.strip() for label in labels.split(",") if label.strip()}
        for name, labels in rows.items()
    }


def told() -> dict[str, set[str]]:
    """The labels of each exported metric; a histogram has its base name."""
    samples = expressions.told()
    return {
        re.sub("_bucket$", "", name): {*labels} - expressions.TARGET - {"le"}
        for name, labels in samples.items()
        if name.startswith("triggers_") and not re.search("_(count|sum)$", name)
    }


def test_the_page_has_every_metric_with_its_labels() -> None:
    assert promised() == told()


def test_names_end_as_the_conventions_want() -> None:
    units = ("_seconds", "_bytes", "_records", "_total", "_info", "_keys", "_partitions")
    counts = {
        "triggers_episodes_open",
        "triggers_view_up",
        "triggers_sender_store_up",
        "triggers_bridge_registry_up",
        "triggers_recipes_offset",
        "triggers_recipes_refused",
        "triggers_recipes_topics_missing",
    }
    assert {name for name in told() if not name.endswith(units)} == counts
