"""The Kafka rights that each role needs, and no more, from the topic list.

Operations have Kafka's names. Read and Write include Describe. agents/generate/strimzi.py makes users from them.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final, Literal, NamedTuple

import schemas
from agents.config.settings import Settings

Resource = Literal["topic", "group", "transactionalId"]

ROLES: Final = ("storefront", "bridge", "worker", "sender", "eraser", "operator", "publisher")

OPERATORS: Final = ("operator", "publisher")
"""Roles that create topics. A publisher is an operator who may also publish recipes."""

SENDER_GROUP: Final = "sender"
"""Name of the senders' group after the prefix. TRIGGERS_SENDER_GROUP sets another."""

ERASER_GROUP: Final = "eraser"
"""Name of the erasers' group after the prefix. TRIGGERS_ERASER_GROUP sets another."""

BRIDGE_GROUP: Final = "bridge"
"""Name of the bridges' group after the prefix. TRIGGERS_BRIDGE_GROUP sets another."""


class Acl(NamedTuple):
    """A right to some operations. `prefixed`: on all resources whose names begin with `name`. `denied`: an exception to
    such a right, which holds whatever else is allowed."""

    resource: Resource
    name: str
    operations: tuple[str, ...]
    prefixed: bool = False
    denied: bool = False


def acls(role: str, settings: Settings, bridged: Iterable[str] = ()) -> list[Acl]:
    """The rights of a role. `bridged`: full names of the topics that a bridge reads."""
    of_sources = [Acl("topic", name, ("Read",)) for name in bridged if role == "bridge"]
    return [*_topics(role, settings), *of_sources, *_groups(role, settings)]


def _topics(role: str, settings: Settings) -> Iterator[Acl]:
    """The rights on topics.

    Recipes can be published at any time, so the right on triggers covers every name that begins like theirs. No recipe has
    the name of another topic, so other topics that begin so are denied by name to a role that has no right on them.
    """
    topics = schemas.load("topics")["topics"]
    for topic in topics:
        operations = _operations(role, topic)
        name, recipe, _ = topic["name"].partition("<recipe>")
        if operations:
            yield Acl("topic", settings.topic(name), operations, prefixed=bool(recipe))
        if operations and recipe:
            yield from _exceptions(role, settings, name, topics)


def _exceptions(
    role: str, settings: Settings, beginning: str, topics: Iterable[dict[str, Any]]
) -> Iterator[Acl]:
    """Denials of the topics that begin so and on which the role has no right. It cannot even see that they exist."""
    for topic in topics:
        if topic["name"].startswith(beginning) and not _operations(role, topic):
            yield Acl("topic", settings.topic(topic["name"]), ("All",), denied=True)


def _operations(role: str, topic: dict[str, Any]) -> tuple[str, ...]:
    """The operations on a topic. A worker checks every topic at its start; an operator creates them."""
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
    """The rights on groups and transactional ids. An operator may see the lag of all groups."""
    groups = {
        "worker": settings.group,
        "sender": settings.topic(SENDER_GROUP),
        "bridge": settings.topic(BRIDGE_GROUP),
        "eraser": settings.topic(ERASER_GROUP),
    }
    if role in groups:
        yield Acl("group", groups[role], ("Describe", "Read"))
    if role in OPERATORS:
        yield from (Acl("group", group, ("Describe",)) for group in groups.values())
    if role in ("worker", "bridge") and settings.delivery == "exactly_once":
        yield Acl("transactionalId", groups[role], ("Describe", "Write"), prefixed=True)
