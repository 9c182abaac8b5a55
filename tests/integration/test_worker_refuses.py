"""A worker that could only decide wrongly does not start: exit status 2, and a message with the fix."""

import os
import subprocess
import sys
from pathlib import Path
from time import monotonic, sleep

import pytest

from agents.config.settings import Settings, Time
from agents.kafka import cluster_admin
from stream import recipes_file

WITHIN_S = 180


def refused(**variables: str) -> str:
    """The error of a worker with these settings, which ends with status 2 and without a traceback."""
    ended = subprocess.run(
        [sys.executable, "-m", "agents", "worker"],
        env={**os.environ, "TRIGGERS_METRICS": "", **variables},
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )
    assert ended.returncode == 2, ended.stderr
    assert "Traceback" not in ended.stderr
    return ended.stderr


def made(broker: str, prefix: str, time: Time) -> Settings:
    settings = Settings(kafka=tuple(broker.split(",")), prefix=prefix, time=time)
    with cluster_admin.connected(settings) as admin:
        cluster_admin.create(admin, settings, recipes_file.DEFAULT.names, 2, 3)
    return settings


def test_missing_topics_are_named_with_the_command_that_makes_them(
    broker: str, prefix: str
) -> None:
    refusal = refused(TRIGGERS_KAFKA=broker, TRIGGERS_PREFIX=prefix)
    names = ("storefront.events", "visitor.facts", "state.people", "triggers.cart-abandonment")
    for name in names:
        assert f"{prefix}{name} is missing: make it with `storefront-triggers topics`" in refusal


@pytest.mark.parametrize(
    ("of", "worker", "there", "needed"),
    [
        ("append", "record", "LogAppendTime", "CreateTime"),
        ("record", "append", "CreateTime", "LogAppendTime"),
    ],
)
def test_topics_of_the_other_time_are_refused_with_the_way_to_change_them(
    broker: str, prefix: str, of: Time, worker: str, there: str, needed: str
) -> None:
    made(broker, prefix, of)
    refusal = refused(TRIGGERS_KAFKA=broker, TRIGGERS_PREFIX=prefix, TRIGGERS_TIME=worker)
    key, events = "message.timestamp.type", f"{prefix}storefront.events"
    assert f"{events}: expected {key}={needed}, got {there}: kafka-configs.sh" in refusal
    assert f"--entity-name {events} --add-config {key}={needed}" in refusal


def test_a_changelog_with_other_partitions_than_its_stage_is_refused(
    broker: str, prefix: str
) -> None:
    settings = made(broker, prefix, "append")
    changelog = settings.topic("state.people")
    with cluster_admin.connected(settings) as admin:
        admin.create_partitions({changelog: 4})
        until = monotonic() + 60
        while len(admin.describe_topics([changelog])[0]["partitions"]) < 4 and monotonic() < until:
            sleep(0.05)
    refusal = refused(TRIGGERS_KAFKA=broker, TRIGGERS_PREFIX=prefix)
    assert f"{changelog}: expected 3 partitions, as its stage's input has, got 4" in refusal
    assert "Start again under another TRIGGERS_PREFIX" in refusal


def test_a_recipe_without_its_topic_is_refused(broker: str, prefix: str, tmp_path: Path) -> None:
    made(broker, prefix, "append")
    file = tmp_path / "recipes.yaml"
    file.write_text("recipes:\n  - {name: cart-vip, kind: cart-abandonment}\n")
    refusal = refused(TRIGGERS_KAFKA=broker, TRIGGERS_PREFIX=prefix, TRIGGERS_RECIPES=str(file))
    said = [
        line for line in refusal.splitlines() if " WARNING kafka." not in line
    ]  # of a slow machine
    assert said == [
        f"{prefix}triggers.cart-vip is missing: make it with `storefront-triggers topics`"
    ]


def test_all_wrong_settings_are_in_one_message() -> None:
    refusal = refused(
        TRIGGERS_KAFKA="localhost",
        TRIGGERS_TIME="wall",
        TRIGGERS_CHECKPOINT_MS="100/1000",
        TRIGGERS_RECIPES="/nowhere/recipes.yaml",
        TRIGGERS_PREFFIX="shop.",
    )
    names = [line.split(":")[0].split(" ")[0] for line in refusal.splitlines()]
    assert sorted(names) == [
        "TRIGGERS_CHECKPOINT_MS",
        "TRIGGERS_KAFKA",
        "TRIGGERS_PREFFIX",
        "TRIGGERS_RECIPES",
        "TRIGGERS_TIME",
    ]


def test_without_a_broker_in_the_settings_it_says_which_one_is_missing() -> None:
    assert "TRIGGERS_KAFKA is not set" in refused(TRIGGERS_KAFKA="")


def test_a_wrong_recipes_file_is_refused_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "recipes.yaml"
    file.write_text("recipes:\n  - name: cart-abandonment\n    steps: [1 hour]\n")
    refusal = refused(TRIGGERS_KAFKA="127.0.0.1:1", TRIGGERS_RECIPES=str(file))
    assert refusal.startswith(f"{file}:3: recipes[0].steps[0]")
