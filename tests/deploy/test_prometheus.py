"""The rules fire as documented, use exported metrics only, and each alert has a paragraph in the runbook."""

import re
from typing import Any

import pytest
import yaml

from tests.deploy import expressions
from tests.deploy.tools import DEPLOY, ROOT, found, run

FOLDER = DEPLOY / "prometheus"
RULES = [FOLDER / "rules.yaml", FOLDER / "recipes.yaml"]
RUNBOOK = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")


def rules() -> list[dict[str, Any]]:
    files = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in RULES]
    return [rule for file in files for group in file["groups"] for rule in group["rules"]]


ALERTS = {rule["alert"]: rule for rule in rules() if "alert" in rule}
RECORDED = {rule["record"] for rule in rules() if "record" in rule}


def asked(name: str) -> list[dict[str, Any]]:
    """The promtool tests of an alert."""
    files = [
        yaml.safe_load(path.read_text(encoding="utf-8")) for path in FOLDER.glob("*_test.yaml")
    ]
    questions = [
        question
        for file in files
        for test in file["tests"]
        for question in test.get("alert_rule_test", ())
    ]
    return [question for question in questions if question["alertname"] == name]


@pytest.fixture(scope="module")
def promtool() -> str:
    return found("promtool", "Debian's package prometheus")


def test_promtool_accepts_the_configuration_and_the_rules(promtool: str) -> None:
    run([promtool, "check", "config", FOLDER / "prometheus.yaml"])


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*_test.yaml")), ids=lambda path: path.stem)
def test_the_rules_do_what_their_tests_say(promtool: str, file: Any) -> None:
    run([promtool, "test", "rules", file])


@pytest.mark.parametrize("name", ALERTS)
def test_an_alarm_is_tested_to_be_raised_and_not_to_be(name: str) -> None:
    raised = [bool(question.get("exp_alerts")) for question in asked(name)]
    assert set(raised) == {True, False}


@pytest.mark.parametrize("name", ALERTS)
def test_an_alarm_leads_to_its_paragraph(name: str) -> None:
    assert ALERTS[name]["annotations"]["runbook_url"] == f"docs/runbook.md#{name.lower()}"
    assert re.search(rf"^### {name}$", RUNBOOK, re.MULTILINE)
    assert ALERTS[name]["labels"]["severity"] in ("critical", "warning")


def test_the_runbook_names_existing_alerts_only() -> None:
    assert set(re.findall(r"^### (Triggers\w+)$", RUNBOOK, re.MULTILINE)) == set(ALERTS)


def test_every_metric_of_the_rules_is_exported() -> None:
    assert expressions.faults((rule["expr"] for rule in rules()), RECORDED) == []


@pytest.mark.parametrize(
    ("expression", "fault"),
    [
        ("rate(triggers_event_total[5m])", "no metric triggers_event_total"),
        ('triggers_events_total{fat="late"}', "triggers_events_total has no label fat"),
        ("sum by (recipe) (triggers_lag_records)", "nothing to group by recipe"),
        ("recipe:triggers_fired:increase2h", "nothing records recipe:triggers_fired:increase2h"),
    ],
)
def test_an_unexported_metric_is_noticed(expression: str, fault: str) -> None:
    assert expressions.faults([expression], RECORDED) == [fault]


def test_prometheus_keeps_the_weeks_that_the_expectation_needs() -> None:
    compose = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    kept = re.search(r"storage\.tsdb\.retention\.time=(\d+)d", compose)
    weeks = max(int(number) for number in re.findall(r"offset (\d+)w", RULES[1].read_text()))
    assert kept
    assert int(kept[1]) > weeks * 7
