"""What each role may do on the cluster, made from the topic list: nothing more is needed, and nothing less does.

Operations are Kafka's own. Read and Write bring Describe with them. Who makes users of it: agents/generate/strimzi.py.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final, Literal, NamedTuple

import schemas
from agents.config.settings import Settings

Resource = Literal["topic", "group", "transactionalId"]

ROLES: Final = ("storefront", "bridge", "worker", "sender", "operator", "publisher")

OPERATORS: Final = ("operator", "publisher")
"""A publisher is an operator who may also publish recipes."""

SENDER_GROUP: Final = "sender"
"""Behind the prefix; TRIGGERS_SENDER_GROUP names another."""

BRIDGE_GROUP: Final = "bridge"
"""Behind the prefix; TRIGGERS_BRIDGE_GROUP names another."""


class Acl(NamedTuple):
    """`prefixed`: the name is the beginning of all names that are meant."""

    resource: Resource
    name: str
    operations: tuple[str, ...]
    prefixed: bool = False


def acls(role: str, settings: Settings, bridged: Iterable[str] = ()) -> list[Acl]:
    """Of one role. `bridged`: the topics that a bridge reads, by their whole names."""
    of_sources = [Acl("topic", name, ("Read",)) for name in bridged if role == "bridge"]
    return [*_topics(role, settings), *of_sources, *_groups(role, settings)]


def _topics(role: str, settings: Settings) -> Iterator[Acl]:
    """Recipes come into force while the service runs: the rights are for the triggers of all of them."""
    for topic in schemas.load("topics")["topics"]:
        operations = _operations(role, topic)
        name, recipe, _ = topic["name"].partition("<recipe>")
        if operations:
            yield Acl("topic", settings.topic(name), operations, prefixed=bool(recipe))


def _operations(role: str, topic: dict[str, Any]) -> tuple[str, ...]:
    """A worker checks every topic at its start; an operator makes them."""
    found = []
    if role in OPERATORS:
        found.append("Create")
    if role in ("worker", *OPERATORS):
        found += ["Describe", "DescribeConfigs"]
    if role in topic["readers"] or (role in OPERATORS and "operator" in topic["readers"]):
        found.append("Read")
    if role in topic["writers"] or (role in OPERATORS and "operator" in topic["writers"]):
        found.append("Write")
    return tuple(found)


def _groups(role: str, settings: Settings) -> Iterator[Acl]:
    """An operator looks at the lag of all groups."""
    groups = {
        "worker": settings.group,
        "sender": settings.topic(SENDER_GROUP),
        "bridge": settings.topic(BRIDGE_GROUP),
    }
    if role in groups:
        yield Acl("group", groups[role], ("Describe", "Read"))
    if role in OPERATORS:
        yield from (Acl("group", group, ("Describe",)) for group in groups.values())
    if role in ("worker", "bridge") and settings.delivery == "exactly_once":
        yield Acl("transactionalId", groups[role], ("Describe", "Write"), prefixed=True)
