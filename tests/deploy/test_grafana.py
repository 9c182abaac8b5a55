"""The dashboard draws exported metrics only, from the provisioned data source, in a valid layout."""

import json
import re
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy import expressions
from tests.deploy.test_prometheus import RECORDED, RUNBOOK
from tests.deploy.tools import DEPLOY, found, run

HOME = DEPLOY / "grafana"
BOARD = json.loads((HOME / "dashboards" / "storefront-triggers.json").read_text(encoding="utf-8"))
PANELS: list[dict[str, Any]] = BOARD["panels"]
DRAWN = [panel for panel in PANELS if panel["type"] != "row"]
EXPRESSIONS = [target["expr"] for panel in DRAWN for target in panel["targets"]]


def provisioned(name: str) -> Any:
    [file] = (HOME / "provisioning" / name).glob("*.yaml")
    return yaml.safe_load(file.read_text(encoding="utf-8"))


def test_every_metric_of_the_dashboard_is_exported() -> None:
    assert expressions.faults(EXPRESSIONS, RECORDED) == []


def test_prometheus_can_read_every_expression(tmp_path: Path) -> None:
    texts = [each.replace("$__rate_interval", "1m") for each in EXPRESSIONS]
    rules = [{"record": f"drawn:{n}:once", "expr": text} for n, text in enumerate(texts)]
    file = tmp_path / "rules.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "drawn", "rules": rules}]}))
    run([found("promtool", "Debian's package prometheus"), "check", "rules", file])


def test_every_metric_of_the_service_is_drawn_or_raises_an_alarm() -> None:
    """Exempt: metrics for a closer look after one of these."""
    drawn = {name for expression in EXPRESSIONS for name, _ in expressions.selected(expression)}
    rules = (DEPLOY / "kubernetes" / "base" / "rules.yaml").read_text(encoding="utf-8")
    told = {re.sub("_(bucket|sum|count)$", "", n) for n in expressions.told() if "triggers" in n}
    missing = {name for name in told if not any(name in each for each in [*drawn, rules])}
    assert missing == {
        "triggers_evidence_timestamp_seconds",
        "triggers_recipes_since_timestamp_seconds",
        "triggers_sender_open_records",
        "triggers_sender_attempt_seconds",
        "triggers_sender_rebalances_total",
        "triggers_sender_endpoint_closed_seconds",
        "triggers_sender_cancellations_behind_partitions",
        "triggers_bridge_left_out_total",
        "triggers_bridge_dead_letters_total",
        "triggers_bridge_rebalances_total",
        "triggers_bridge_carried_seconds",
        "triggers_collector_parts_left_out_total",
        "triggers_collector_rejects_lost_total",
    }


def test_panels_query_the_provisioned_source() -> None:
    [source] = provisioned("datasources")["datasources"]
    asked = {target["datasource"]["uid"] for panel in DRAWN for target in panel["targets"]}
    assert asked == {source["uid"]}


def test_the_dashboard_is_in_grafanas_folder() -> None:
    [provider] = provisioned("dashboards")["providers"]
    compose = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    assert f"./grafana/dashboards:{provider['options']['path']}:ro" in compose
    assert f"{provider['options']['path']}/storefront-triggers.json" in compose


def test_panels_have_a_place_of_their_own() -> None:
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    for one, other in combinations((panel["gridPos"] for panel in PANELS), 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        above = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or above
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in PANELS)


@pytest.mark.parametrize("row", sorted(set(re.findall(r'row\s"(\w+)"', RUNBOOK))))
def test_a_row_that_the_runbook_names_exists(row: str) -> None:
    assert row in [panel["title"] for panel in PANELS if panel["type"] == "row"]


@pytest.mark.parametrize("panel", DRAWN, ids=lambda panel: panel["title"])
def test_times_and_bytes_have_their_unit(panel: dict[str, Any]) -> None:
    unit = panel["fieldConfig"]["defaults"].get("unit") or panel["options"]["yAxis"]["unit"]
    asked = " ".join(target["expr"] for target in panel["targets"])
    if re.search(r"_bytes\b", asked):
        assert unit == "bytes"
    elif re.search(r"seconds(_bucket|_sum)?\b", asked) and "cpu" not in asked:
        assert unit == "s" or "seconds_count" in asked
