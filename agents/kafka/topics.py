"""The required topics, made from the list in schemas/topics.yaml."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import schemas
from agents.config.settings import Settings
from stream import durations

EVENTS: Final = "storefront.events"
FACTS: Final = "visitor.facts"
CLAIMS: Final = "identity.claims"
STATE_VISITORS: Final = "state.visitors"
STATE_KEYS: Final = "state.keys"
STATE_PEOPLE: Final = "state.people"
REJECTED: Final = "storefront.rejected"
UNREADABLE: Final = "bridge.unreadable"
RECIPES: Final = "recipes"

FOR_EVER: Final = "for ever"
"""The retention in topics.yaml of a topic that keeps its records for ever."""

LONGEST: Final = str(2**63 - 1)

REPLAY: Final = {
    "message.timestamp.type": "CreateTime",
    "retention.ms": "-1",
    "message.timestamp.before.max.ms": LONGEST,
    "message.timestamp.after.max.ms": LONGEST,
}
"""Settings of the input in a replay, whose records have their own times. With a retention the broker would delete old
records soon. Without the two bounds it would refuse records with old or future times."""


class TopicsMissing(Exception):
    """Topics are missing. The message names them and the fix."""


class Layout(NamedTuple):
    """Numbers of partitions of the stages' inputs: storefront.events, visitor.facts and identity.claims."""

    inputs: int
    people: int
    keys: int


@dataclass(frozen=True)
class TopicSpec:
    """A topic that the service requires.

    `config`: all settings with which the topic is created.
    `exact`, `least`: names of those that must have this value, or at least this value.
    """

    name: str
    partitions: int
    config: dict[str, str] = field(default_factory=dict)
    exact: frozenset[str] = frozenset()
    least: frozenset[str] = frozenset()


def required(settings: Settings, names: Iterable[str], layout: Layout) -> list[TopicSpec]:
    """All required topics, with the prefix. `names`: of recipes."""
    specs = []
    for topic in schemas.load("topics")["topics"]:
        pattern = topic["name"]
        expanded = names if "<recipe>" in pattern else ("",)
        specs += [
            _spec(topic, settings, settings.topic(pattern.replace("<recipe>", name)), layout)
            for name in expanded
        ]
    return specs


def _spec(topic: dict[str, Any], settings: Settings, name: str, layout: Layout) -> TopicSpec:
    counts = {"input": layout.inputs, "people": layout.people, "keys": layout.keys}
    config = {"cleanup.policy": topic["cleanup"]}
    exact = {"cleanup.policy"}
    if topic.get("retention") == FOR_EVER:
        config |= {"retention.ms": "-1", "retention.bytes": "-1"}
        exact |= {"retention.ms", "retention.bytes"}
    elif "retention" in topic:
        config["retention.ms"] = str(durations.parse(topic["retention"]))
    if "compaction_lag" in topic:
        config["min.compaction.lag.ms"] = str(durations.parse(topic["compaction_lag"]))
    if "segment" in topic:
        config["segment.bytes"] = str(topic["segment"])
    if "max_message" in topic:
        config["max.message.bytes"] = str(topic["max_message"])
    config["message.timestamp.type"] = "LogAppendTime"
    exact.add("message.timestamp.type")
    if topic["time"] == "setting" and settings.time == "record":
        config |= REPLAY
        exact |= REPLAY.keys()
    return TopicSpec(
        name,
        counts.get(topic["partitions"], topic["partitions"]),
        config,
        frozenset(exact),
        frozenset({"min.compaction.lag.ms", "max.message.bytes"} & config.keys()),
    )
