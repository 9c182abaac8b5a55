"""Topics on a real broker."""

from collections.abc import Iterator
from time import monotonic, sleep

import pytest
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient

import schemas
from agents.config.settings import Settings
from agents.kafka.cluster_admin import TopicsError, check, connected, create
from agents.kafka.topics import Layout
from stream import recipes_file

NAMES = recipes_file.DEFAULT.names
FIXED = sum("<recipe>" not in topic["name"] for topic in schemas.load("topics")["topics"])


@pytest.fixture
def live(broker: str, prefix: str) -> Settings:
    return Settings(kafka=tuple(broker.split(",")), prefix=prefix)


@pytest.fixture
def replay(broker: str, prefix: str) -> Settings:
    return Settings(kafka=tuple(broker.split(",")), prefix=prefix, time="record")


@pytest.fixture
def admin(live: Settings) -> Iterator[KafkaAdminClient]:
    with connected(live) as client:
        yield client


def alter(admin: KafkaAdminClient, topic: str, **config: str) -> None:
    """Changes settings, and waits until the broker has them, too: the controller has them first."""
    wanted = {key.replace("_", "."): value for key, value in config.items()}
    admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, wanted)])
    asked = [ConfigResource(ConfigResourceType.TOPIC, topic)]
    until = monotonic() + 60
    while monotonic() < until:
        found = admin.describe_configs(asked, config_filter="all")["topic"][topic]
        if all(found[key]["value"] == value for key, value in wanted.items()):
            return
        sleep(0.05)


def test_all_topics_are_created_once_with_the_right_settings(
    admin: KafkaAdminClient, live: Settings
) -> None:
    made = create(admin, live, NAMES, 3, 2)
    assert len(made) == FIXED + len(NAMES)
    assert check(admin, live, NAMES) == Layout(inputs=3, people=2, keys=2)
    assert create(admin, live, NAMES) == []


def test_a_new_recipe_gets_its_topic_and_the_others_stay(
    admin: KafkaAdminClient, live: Settings
) -> None:
    create(admin, live, NAMES, 3)
    with pytest.raises(TopicsError, match=r"triggers\.cart-vip is missing"):
        check(admin, live, [*NAMES, "cart-vip"])
    assert create(admin, live, [*NAMES, "cart-vip"]) == [live.topic("triggers.cart-vip")]
    assert check(admin, live, [*NAMES, "cart-vip"]) == Layout(3, 3, 3)


def test_every_missing_topic_is_named(admin: KafkaAdminClient, live: Settings) -> None:
    with pytest.raises(TopicsError) as caught:
        check(admin, live, NAMES)
    assert len(str(caught.value).splitlines()) == FIXED + len(NAMES)


def test_topics_for_replay_are_right_for_replay_only(
    admin: KafkaAdminClient, live: Settings, replay: Settings
) -> None:
    create(admin, replay, NAMES, 2)
    assert check(admin, replay, NAMES) == Layout(2, 2, 2)
    with pytest.raises(TopicsError, match="type=LogAppendTime, got CreateTime"):
        check(admin, live, NAMES)


def test_the_fix_in_a_fault_works(admin: KafkaAdminClient, live: Settings) -> None:
    create(admin, live, NAMES, 2)
    topic = live.topic("visitor.facts")
    alter(admin, topic, message_timestamp_type="CreateTime")
    with pytest.raises(TopicsError, match=r"--add-config message\.timestamp\.type=LogAppendTime"):
        check(admin, live, NAMES)
    alter(admin, topic, message_timestamp_type="LogAppendTime")
    assert check(admin, live, NAMES) == Layout(2, 2, 2)


def test_partitions_added_to_the_input_are_refused(admin: KafkaAdminClient, live: Settings) -> None:
    create(admin, live, NAMES, 2)
    events = live.topic("storefront.events")
    admin.create_partitions({events: 3})
    until = monotonic() + 60
    while len(admin.describe_topics([events])[0]["partitions"]) < 3 and monotonic() < until:
        sleep(0.05)
    with pytest.raises(TopicsError, match=r"state\.visitors: expected 3 partitions, .* got 2:"):
        check(admin, live, NAMES)


def test_a_partition_count_other_than_the_topics_is_refused(
    admin: KafkaAdminClient, live: Settings
) -> None:
    create(admin, live, NAMES, 2)
    with pytest.raises(TopicsError, match="expected 5 partitions, got 2"):
        create(admin, live, NAMES, 5)
