"""Settings of a bridge, from the environment. They are checked together with those of every command.

| variable | what | default |
|---|---|---|
| TRIGGERS_BRIDGE_GROUP | consumer group | prefix + `bridge` |
| TRIGGERS_BRIDGE_START | how far back a partition begins that the group has not read | 10m |
| TRIGGERS_SCHEMA_REGISTRY | URL of a schema registry, with `user:password@` if it asks (or ..._FILE) | none |
"""

import importlib.util
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Self

from agents.config.common import read_common
from agents.config.environment import Environment
from agents.config.pepper import PEPPER
from agents.config.settings import Settings, SettingsError
from agents.connect import contacts, sources
from agents.connect.sources import Connected, SourcesError, without_keys
from agents.kafka.acls import BRIDGE_GROUP
from agents.kafka.topics import EVENTS
from stream.connect.source import Source

START: Final = "10m"
"""Shorter: the first records of a new partition are lost. Longer: when a bridge begins, events this old count as
happening now."""

REGISTRY: Final = "TRIGGERS_SCHEMA_REGISTRY"


@dataclass(frozen=True)
class BridgeSettings:
    """Settings. `common`: those of every command · `topics`: the source of each topic, by its name on the cluster."""

    common: Settings
    topics: Mapping[str, Source]
    group: str
    start_ms: int
    registry: str | None = field(default=None, repr=False)

    @classmethod
    def read(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """The settings. Raises SettingsError with every mistake, common settings and sources file included."""
        env = Environment(environ)
        common = read_common(env, environ)
        settings = cls(
            common=common,
            topics=_topics(common, env),
            group=env.text("TRIGGERS_BRIDGE_GROUP", common.topic(BRIDGE_GROUP)),
            start_ms=env.duration("TRIGGERS_BRIDGE_START", START),
            registry=_registry(env),
        )
        env.near_misses()
        if env.mistakes:
            raise SettingsError("\n".join(env.mistakes))
        return settings


def _topics(common: Settings, env: Environment) -> dict[str, Source]:
    if common.sources is None:
        if not any(mistake.startswith("TRIGGERS_SOURCES") for mistake in env.mistakes):
            env.mistakes.append("TRIGGERS_SOURCES is not set: it names the topics to read")
        return {}
    pepper = common.pepper
    try:
        found = sources.read(
            common.sources,
            without_keys if pepper is None else lambda region: contacts.keyed(pepper, region),
        )
    except (SourcesError, OSError) as error:
        env.mistakes.append(str(error))
        return {}
    read = tuple(each for each in found if each.topics)
    if not read:
        env.mistakes.append(
            f"{common.sources}: no source has `topics`, so there is nothing to read"
        )
    if pepper is None and (names := sources.unkeyed(read)):
        env.mistakes.append(
            f"{PEPPER} is not set: the addresses that {', '.join(names)} sends need it"
        )
    own = common.topic(EVENTS)
    topics = _by_topic(read)
    if own in topics:
        env.mistakes.append(
            f"{common.sources}: expected other topics than {own}, which a bridge writes"
        )
    return topics


def _by_topic(read: tuple[Connected, ...]) -> dict[str, Source]:
    return {topic: each.source for each in read for topic in each.topics}


def _registry(env: Environment) -> str | None:
    """The URL of the registry. Errors never quote it: it may carry a password."""
    given = env.secret(REGISTRY)
    if given is None:
        return None
    env.http_url(REGISTRY, given)
    if importlib.util.find_spec("fastavro") is None:
        env.mistakes.append(f"{REGISTRY} needs fastavro: pip install 'storefront-triggers[avro]'")
    return given
