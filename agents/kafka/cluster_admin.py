"""Creates missing topics, and checks all of them. Waits for a broker.

It never changes an existing topic; each fault names its fix. Source of the requirements: schemas/topics.yaml.
"""

import asyncio
import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient
from kafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from agents.config.settings import Settings, kafka_python_options
from agents.kafka.credentials import check_credentials
from agents.kafka.topics import CLAIMS, EVENTS, FACTS, Layout, TopicSpec, required
from agents.runtime.log import say

FIRST_PAUSE_S: Final = 0.5
LONGEST_PAUSE_S: Final = 5.0
"""First and longest pause (s) between two attempts while no broker answers."""

CONNECT_MS: Final = 10_000
"""How long (ms) one attempt to reach a broker may take. Longer: `topics` says later that none answers, and a broker that
takes connections without an answer delays a worker's start, because an attempt asks one broker. Shorter: a broker that
is slow to log a client in is never reached."""

ATTEMPT_MS: Final = 2_000
"""Longest pause (ms) between two connections within an attempt. kafka-python's own of 30 s delays a worker that started
without a broker: it sleeps on for that long when the broker is back."""

PARTITIONS: Final = 4
"""Default number of partitions of the input. At most this many workers share the input."""


log = logging.getLogger("triggers.topics")


class TopicsError(Exception):
    """The faults of the topics, one a line, each with its fix."""


@dataclass(frozen=True)
class ExistingTopic:
    """An existing topic. `config`: its settings by name."""

    partitions: int
    config: dict[str, str]


@contextmanager
def connected(settings: Settings) -> Iterator[KafkaAdminClient]:
    """Connects an admin client. Raises SettingsError if no broker is set, KafkaError if none answers."""
    admin = KafkaAdminClient(
        client_id="triggers-topics",
        bootstrap_timeout_ms=CONNECT_MS,
        reconnect_backoff_max_ms=ATTEMPT_MS,
        **kafka_python_options(settings),
    )
    try:
        yield admin
    finally:
        admin.close()


def create(
    admin: KafkaAdminClient,
    settings: Settings,
    names: Iterable[str],
    partitions: int | None = None,
    facts_partitions: int | None = None,
    claims_partitions: int | None = None,
    replication: int | None = None,
) -> list[str]:
    """Creates the missing topics, and returns their names. Raises TopicsError, KafkaError.

    A partition count defaults to that of the existing topic. If there is no topic, the input gets 4 partitions, the
    facts as many as the input, the claims as many as the facts. `replication` defaults to the broker's setting.
    """
    names = tuple(dict.fromkeys(names))
    found = find(admin, [spec.name for spec in required(settings, names, Layout(0, 0, 0))])
    inputs = _partitions(found, settings.topic(EVENTS), partitions) or PARTITIONS
    people = _partitions(found, settings.topic(FACTS), facts_partitions) or inputs
    keys = _partitions(found, settings.topic(CLAIMS), claims_partitions) or people
    wanted = required(settings, names, Layout(inputs, people, keys))
    return make(admin, [spec for spec in wanted if spec.name not in found], replication)


def make(
    admin: KafkaAdminClient, missing: Iterable[TopicSpec], replication: int | None = None
) -> list[str]:
    """Creates topics, and returns their names. Raises KafkaError."""
    wanted = {
        spec.name: {
            "num_partitions": spec.partitions,
            "replication_factor": replication or -1,
            "configs": spec.config,
        }
        for spec in missing
    }
    if wanted:
        answer = admin.create_topics(wanted, raise_errors=False)
        for topic in answer["topics"]:
            error = for_code(topic["error_code"])
            if topic["error_code"] and error is not TopicAlreadyExistsError:
                raise error(f"{topic['name']}: {topic.get('error_message')}")
        admin.wait_for_topics(list(wanted), timeout_ms=30_000)
    return list(wanted)


def _partitions(found: Mapping[str, ExistingTopic], name: str, wanted: int | None) -> int | None:
    """The number of partitions of a topic: as it exists, else as wanted. Raises TopicsError if both are set and differ."""
    if name not in found:
        return wanted
    existing = found[name].partitions
    if wanted and wanted != existing:
        raise TopicsError(
            f"{name}: expected {wanted} partitions, got {existing}. Their number cannot change, "
            "or keys would move away from their state. Leave the option out, or start under another "
            "TRIGGERS_PREFIX"
        )
    return existing


def check(admin: KafkaAdminClient, settings: Settings, names: Iterable[str]) -> Layout:
    """Checks all topics, and returns the numbers of partitions of the stages' inputs.

    Raises TopicsError, KafkaError.
    """
    names = tuple(dict.fromkeys(names))
    wanted = [spec.name for spec in required(settings, names, Layout(0, 0, 0))]
    found = find(admin, wanted)
    absent = ExistingTopic(0, {})
    inputs_of_stages = EVENTS, FACTS, CLAIMS
    layout = Layout(
        *(found.get(settings.topic(topic), absent).partitions for topic in inputs_of_stages)
    )
    faults = [
        fault
        for spec in required(settings, names, layout)
        for fault in faults_of(spec, found.get(spec.name), settings)
    ]
    if faults:
        raise TopicsError("\n".join(faults))
    return layout


def faults_of(spec: TopicSpec, found: ExistingTopic | None, settings: Settings) -> Iterator[str]:
    """The faults of one topic, each with its fix."""
    if found is None:
        yield f"{spec.name} is missing: make it with `storefront-triggers topics`"
        return
    changelog = spec.config["cleanup.policy"] == "compact"
    if changelog and spec.partitions and found.partitions != spec.partitions:
        yield (
            f"{spec.name}: expected {spec.partitions} partitions, as its stage's input has, got {found.partitions}: "
            "keys have moved away from their state. Start again under another TRIGGERS_PREFIX, "
            f"with {spec.partitions} partitions from the start"
        )
    for key in sorted(spec.exact | spec.least):
        wanted, actual = spec.config[key], found.config.get(key)
        if actual is None:
            yield (
                f"{spec.name}: {key} cannot be read: allow DescribeConfigs, use Kafka 3.6 or later"
            )
        elif actual != wanted and (key in spec.exact or int(actual) < int(wanted)):
            brokers = ",".join(settings.kafka)
            yield (
                f"{spec.name}: expected {key}={wanted}, got {actual}: kafka-configs.sh "
                f"--bootstrap-server {brokers} --alter --entity-type topics "
                f"--entity-name {spec.name} --add-config {key}={wanted}"
            )


def find(admin: KafkaAdminClient, names: Iterable[str]) -> dict[str, ExistingTopic]:
    """The existing topics among `names`, by name."""
    described = {
        topic["name"]: len(topic["partitions"])
        for topic in admin.describe_topics(list(names))
        if not topic["error_code"]
    }
    if not described:
        return {}
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in described]
    configs = admin.describe_configs(resources, config_filter="all").get("topic", {})
    return {
        name: ExistingTopic(
            count, {key: entry["value"] for key, entry in configs.get(name, {}).items()}
        )
        for name, count in described.items()
    }


async def ready(settings: Settings, names: Iterable[str]) -> tuple[Layout, int]:
    """Waits for a broker and checks the topics. Returns the partitions of the stages and the number of brokers.

    Raises TopicsError, SettingsError for refused credentials, KafkaError for errors that are not temporary.
    """
    names = tuple(names)

    def connect_and_check() -> tuple[Layout, int]:
        with connected(settings) as admin:
            return check(admin, settings, names), len(admin.describe_cluster()["brokers"])

    pause = FIRST_PAUSE_S
    while True:
        await check_credentials(settings)
        try:
            return await asyncio.to_thread(connect_and_check)
        except KafkaError as error:
            if not error.retriable:
                raise
            say(log, "no_broker", logging.WARNING, error=type(error).__name__, retry_s=pause)
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_S)
