"""The required topics, and the faults of wrong ones."""

import pytest

import schemas
from agents.config.settings import Settings
from agents.kafka.cluster_admin import ExistingTopic, faults_of
from agents.kafka.topics import Layout, TopicSpec, required

LIVE = Settings(kafka=("localhost:9092",), prefix="shop1.")
REPLAY = Settings(kafka=("localhost:9092",), time="record")
NAMES = ("exit-intent", "cart-vip")


def specs(settings: Settings = LIVE) -> dict[str, TopicSpec]:
    return {spec.name: spec for spec in required(settings, NAMES, Layout(4, 6, 5))}


def faults(
    spec: TopicSpec, config: dict[str, str] | None = None, partitions: int | None = None
) -> list[str]:
    """The faults of a right topic with these differences."""
    found = ExistingTopic(partitions or spec.partitions, {**spec.config, **(config or {})})
    return list(faults_of(spec, found, LIVE))


def test_every_topic_carries_the_prefix_and_every_recipe_has_one() -> None:
    assert list(specs()) == [
        "shop1.storefront.events",
        "shop1.visitor.facts",
        "shop1.identity.claims",
        "shop1.state.visitors",
        "shop1.state.keys",
        "shop1.state.people",
        "shop1.triggers.exit-intent",
        "shop1.triggers.cart-vip",
        "shop1.triggers.decisions",
        "shop1.triggers.shadow",
        "shop1.triggers.outcomes",
        "shop1.audiences",
        "shop1.people.erased",
        "shop1.recipes",
        "shop1.storefront.rejected",
        "shop1.sender.undelivered",
        "shop1.bridge.unreadable",
    ]


def test_a_changelog_has_the_partitions_of_its_stages_input() -> None:
    counts = {name.removeprefix("shop1."): spec.partitions for name, spec in specs().items()}
    assert (counts["storefront.events"], counts["state.visitors"]) == (4, 4)
    assert (counts["visitor.facts"], counts["state.people"]) == (6, 6)
    assert (counts["identity.claims"], counts["state.keys"]) == (5, 5)
    assert (counts["triggers.cart-vip"], counts["storefront.rejected"]) == (6, 1)


def test_the_broker_stamps_every_topic() -> None:
    """Without the broker's time, segments of a changelog close by size only, and no compaction lag applies."""
    for spec in specs().values():
        assert spec.config["message.timestamp.type"] == "LogAppendTime", spec.name
        assert "message.timestamp.type" in spec.exact, spec.name


LONGEST = "9223372036854775807"  # ms: the most that a setting of a topic can hold


def test_replay_input_has_record_times_and_unlimited_retention() -> None:
    config = specs(REPLAY)["storefront.events"].config
    assert config["message.timestamp.type"] == "CreateTime"
    assert config["retention.ms"] == "-1"
    assert config["message.timestamp.after.max.ms"] == LONGEST
    assert config["message.timestamp.before.max.ms"] == LONGEST


def test_replay_changes_no_other_topic() -> None:
    live = {name.removeprefix("shop1."): spec.config for name, spec in specs().items()}
    replay = {name: spec.config for name, spec in specs(REPLAY).items()}
    assert {name for name in live if live[name] != replay[name]} == {"storefront.events"}


def test_changelogs_are_compacted_and_wait_an_hour_for_it() -> None:
    for name in ("shop1.state.visitors", "shop1.state.people"):
        config = specs()[name].config
        assert config["cleanup.policy"] == "compact"
        assert config["min.compaction.lag.ms"] == "3600000"


def test_a_rejected_record_fits_whatever_the_input_took() -> None:
    found = specs()
    most = int(found["shop1.storefront.events"].config["max.message.bytes"])
    assert int(found["shop1.storefront.rejected"].config["max.message.bytes"]) >= 2 * most


def test_a_topic_as_it_must_be_has_no_fault() -> None:
    assert [fault for spec in specs().values() for fault in faults(spec)] == []


def test_a_missing_topic_is_a_fault_that_names_the_command() -> None:
    spec = specs()["shop1.visitor.facts"]
    (fault,) = faults_of(spec, None, LIVE)
    assert "shop1.visitor.facts is missing" in fault
    assert "storefront-triggers topics" in fault


@pytest.mark.parametrize(
    ("topic", "key", "value"),
    [
        ("storefront.events", "message.timestamp.type", "CreateTime"),
        ("visitor.facts", "cleanup.policy", "compact"),
        ("state.visitors", "cleanup.policy", "delete"),
        ("state.people", "min.compaction.lag.ms", "0"),
        ("storefront.rejected", "max.message.bytes", "1048588"),
        ("recipes", "retention.ms", "604800000"),
        ("recipes", "message.timestamp.type", "CreateTime"),
    ],
)
def test_a_wrong_setting_is_a_fault_with_the_command_that_fixes_it(
    topic: str, key: str, value: str
) -> None:
    spec = specs()[f"shop1.{topic}"]
    (fault,) = faults(spec, {key: value})
    assert f"shop1.{topic}: expected {key}={spec.config[key]}, got {value}" in fault
    assert "--bootstrap-server localhost:9092" in fault
    assert f"--entity-name shop1.{topic} --add-config {key}={spec.config[key]}" in fault


def test_more_than_the_least_is_right() -> None:
    assert faults(specs()["shop1.state.people"], {"min.compaction.lag.ms": "7200000"}) == []


def test_how_long_records_are_kept_is_the_operators_choice() -> None:
    assert faults(specs()["shop1.triggers.decisions"], {"retention.ms": "3600000"}) == []


def test_a_changelog_with_other_partitions_than_its_input_is_a_fault() -> None:
    (fault,) = faults(specs()["shop1.state.visitors"], partitions=3)
    assert "expected 4 partitions, as its stage's input has, got 3" in fault
    assert "TRIGGERS_PREFIX" in fault


def test_triggers_may_have_any_number_of_partitions() -> None:
    assert faults(specs()["shop1.triggers.cart-vip"], partitions=1) == []


def test_a_setting_that_cannot_be_read_is_a_fault() -> None:
    spec = specs()["shop1.visitor.facts"]
    found = list(faults_of(spec, ExistingTopic(6, {}), LIVE))
    assert all("DescribeConfigs" in fault for fault in found)
    assert len(found) == 3


def test_every_schema_of_the_topic_list_exists() -> None:
    for topic in schemas.load("topics")["topics"]:
        for name in topic.get("schemas", ()):
            assert schemas.names(name) or schemas.load(name)


FOR_EVER = {"retention.ms": "-1", "retention.bytes": "-1"}


def test_records_that_must_stay_are_kept_for_ever_and_it_is_checked() -> None:
    kept = {name for name, spec in specs().items() if FOR_EVER.items() <= spec.config.items()}
    assert "shop1.recipes" in kept
    for name in kept:
        assert FOR_EVER.keys() <= specs()[name].exact
    for name, spec in specs().items():
        assert "cleanup.policy" in spec.exact
        if name not in kept and "retention.ms" in spec.config:
            assert int(spec.config["retention.ms"]) > 0
            assert "retention.ms" not in spec.exact, "a shop may keep records longer"


def test_least_values_are_checked_where_a_topic_has_them() -> None:
    for spec in specs().values():
        for key in ("min.compaction.lag.ms", "max.message.bytes"):
            assert (key in spec.least) is (key in spec.config)
            assert int(spec.config.get(key, 1)) > 0
        assert not spec.least & spec.exact
        assert int(spec.config.get("segment.bytes", 1)) > 0


def test_in_a_replay_the_times_of_the_input_are_checked() -> None:
    spec = specs(REPLAY)["storefront.events"]
    for key in ("message.timestamp.type", "retention.ms", "message.timestamp.after.max.ms"):
        assert key in spec.exact
    assert "retention.ms" not in specs()["shop1.storefront.events"].exact
