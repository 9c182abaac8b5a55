"""A sender and an eraser on a broker that checks rights: each does all that it is for, and reads nothing else."""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from confluent_kafka import Consumer, KafkaError
from confluent_kafka import TopicPartition as Place
from kafka import KafkaConsumer
from kafka.errors import GroupAuthorizationFailedError

from agents.config.settings import Security, Settings, kafka_python_options
from agents.kafka import cluster_admin
from agents.kafka.acls import Acl, acls
from agents.local.cluster import cluster
from agents.local.node import Node
from agents.published import published_log
from agents.worker.producer import AUDIENCES
from stream import recipes_file
from tests import access_rules
from tests.integration.collecting import kept
from tests.integration.erasing import (
    by_eraser,
    end_state,
    eraser,
    left,
    put_erasure,
    put_left,
    put_state,
    seconds,
)
from tests.integration.hostile import Endpoint, Reply
from tests.integration.sending import RECIPE, Topics, now, sender, trigger
from tests.integration.test_erasure import marks

USER, PASSWORD = "a-sender", "password-of-a-sender"
ERASER, ITS_PASSWORD = "an-eraser", "password-of-an-eraser"
PROTOCOLS = "CLIENT:SASL_PLAINTEXT,BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT"
LATER = "cart-vip"
"""A recipe that nobody knew when the rights were given."""

READ = {f"triggers.{name}" for name in (*recipes_file.DEFAULT.names, LATER)}
READ |= {"people.erased", "recipes"}
WRITTEN = "sender.undelivered"
READ_BY_ERASER = ("people.erased", "state.visitors", "state.keys", "audiences")
OTHERS = (
    *("triggers.decisions", "triggers.shadow", "triggers.outcomes"),
    *("storefront.events", "storefront.rejected", "visitor.facts", "state.people", "audiences"),
)


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    properties = {"listener.security.protocol.map": PROTOCOLS, **access_rules.REQUIRED}
    with cluster(1, properties=properties) as own:
        access_rules.add_user(own.nodes[0].inside, USER, PASSWORD)
        access_rules.add_user(own.nodes[0].inside, ERASER, ITS_PASSWORD)
        yield own.nodes[0]


def grant(node: Node, rights: Iterable[Acl], user: str = USER) -> None:
    access_rules.allow(
        node.inside, [rule for right in rights for _, rule in access_rules.of(user, right)]
    )


@pytest.fixture
def guarded(node: Node, prefix: str) -> Iterator[Topics]:
    """The topics of a service, as a superuser sees them. The sender has got its rights, then came another recipe."""
    grant(node, acls("sender", Settings(prefix=prefix)))
    with closing(Topics(node.inside, prefix)) as topics:
        with cluster_admin.connected(topics.settings) as admin:
            cluster_admin.create(admin, topics.settings, [LATER], 2)
        document = {"recipes": [{"name": LATER, "kind": "cart-abandonment"}]}
        asyncio.run(published_log.append(topics.settings, [(document, None, "anna", "")]))
        yield topics


@pytest.fixture
def known(node: Node, prefix: str) -> Settings:
    """The settings with which the sender itself reaches the broker."""
    security = Security("SASL_PLAINTEXT", "SCRAM-SHA-512", USER, PASSWORD)
    return Settings(kafka=(node.address,), prefix=prefix, security=security)


ACCESS = {
    "TRIGGERS_SECURITY": "SASL_PLAINTEXT",
    "TRIGGERS_USER": USER,
    "TRIGGERS_PASSWORD": PASSWORD,
}


def test_a_sender_does_all_that_it_is_for_with_its_rights(
    guarded: Topics, node: Node, prefix: str, endpoint: Endpoint, tmp_path: Path
) -> None:
    sent, of_later, refused = trigger("sent"), trigger("later", recipe=LATER), trigger("refused")
    endpoint.behave = lambda seen: Reply(400 if seen.id == refused.id else 200)
    guarded.fire(sent, of_later, refused)
    with sender(node.address, prefix, endpoint.url, tmp_path, **ACCESS) as running:
        endpoint.wait(lambda: running.settled() == 3)
        guarded.cancel(of_later)
        endpoint.wait(lambda: endpoint.delivered[f"{of_later.id}/cancelled"] == 1)
        assert sent.id in marks(tmp_path / "marks.sqlite3")
        put_erasure(guarded.settings, sent.person, now())
        endpoint.wait(lambda: sent.id not in marks(tmp_path / "marks.sqlite3"))
        assert running.terminate() == 0
        log = running.process.output()
    assert endpoint.delivered[sent.id] == endpoint.delivered[of_later.id] == 1
    assert [record.key.decode() for record in guarded.dead()] == [refused.person]
    assert guarded.left() == 0
    assert "Authorization" not in log
    assert "documents_unread" not in log


def test_a_sender_of_named_recipes_needs_the_right_to_their_topics_only(
    node: Node, prefix: str, endpoint: Endpoint, tmp_path: Path
) -> None:
    rights = acls("sender", Settings(prefix=prefix))
    narrow = [right for right in rights if not (right.prefixed or right.denied)]
    grant(node, [*narrow, Acl("topic", f"{prefix}triggers.{RECIPE}", ("Read",))])
    named = {"TRIGGERS_SENDER_RECIPES": RECIPE, **ACCESS}
    sent = trigger("sent")
    with closing(Topics(node.inside, prefix)) as topics:
        topics.fire(sent)
        with sender(node.address, prefix, endpoint.url, tmp_path, **named) as running:
            endpoint.wait(lambda: running.settled() == 1)
            put_erasure(topics.settings, sent.person, now())
            endpoint.wait(lambda: marks(tmp_path / "marks.sqlite3") == [])
            assert running.terminate() == 0
    assert endpoint.delivered == {sent.id: 1}
    assert "Authorization" not in running.process.output()


def test_a_sender_sees_its_topics_and_no_other(guarded: Topics, known: Settings) -> None:
    with closing(KafkaConsumer(**kafka_python_options(known))) as consumer:
        found = {name for name in consumer.topics() if name.startswith(known.prefix)}
    assert found == {known.topic(name) for name in (*READ, WRITTEN)}


def refusal(settings: Settings, name: str) -> int | None:
    """The error with which the broker answers the sender that reads a topic. None: it lets it read."""
    access = {
        "bootstrap.servers": settings.kafka[0],
        "security.protocol": settings.security.protocol,
        "sasl.mechanism": settings.security.mechanism,
        "sasl.username": USER,
        "sasl.password": PASSWORD,
        "group.id": settings.topic("sender"),
        "enable.partition.eof": True,
    }
    topic = settings.topic(name)
    with closing(Consumer(access)) as consumer:
        fault = consumer.list_topics(topic, 90).topics[topic].error
        if fault is None:
            consumer.assign([Place(topic, 0, 0)])
            answer = consumer.poll(90)
            assert answer is not None
            fault = answer.error()
    return None if fault is None or fault.code() == KafkaError._PARTITION_EOF else fault.code()


def test_a_sender_cannot_read_what_is_not_for_senders(guarded: Topics, known: Settings) -> None:
    found = {name: refusal(known, name) for name in (*OTHERS, WRITTEN)}
    assert found == dict.fromkeys(found, KafkaError.TOPIC_AUTHORIZATION_FAILED)


def test_a_sender_can_read_what_is_for_senders(guarded: Topics, known: Settings) -> None:
    found = {name: refusal(known, name) for name in READ}
    assert found == dict.fromkeys(READ)


def test_a_sender_can_join_no_group_of_others(guarded: Topics, known: Settings) -> None:
    group = known.topic("triggers")
    with closing(KafkaConsumer(**kafka_python_options(known), group_id=group)) as consumer:
        consumer.subscribe([known.topic("triggers.cart-abandonment")])
        with pytest.raises(GroupAuthorizationFailedError):
            consumer.poll(timeout_ms=90_000)


def test_an_eraser_does_all_that_it_is_for_with_its_rights(
    node: Node, prefix: str, tmp_path: Path
) -> None:
    grant(node, acls("eraser", Settings(prefix=prefix)), ERASER)
    security = Security("SASL_PLAINTEXT", "SCRAM-SHA-512", ERASER, ITS_PASSWORD)
    own = Settings(kafka=(node.address,), prefix=prefix, security=security)
    access = {**ACCESS, "TRIGGERS_USER": ERASER, "TRIGGERS_PASSWORD": ITS_PASSWORD}
    with closing(Topics(node.inside, prefix)) as topics:
        with closing(KafkaConsumer(**kafka_python_options(own))) as consumer:
            seen = {name.removeprefix(prefix) for name in consumer.topics() if prefix in name}
        assert seen == {*READ_BY_ERASER, "storefront.events"}
        put_state(topics.settings, "v-1", "anna", now())
        put_left(topics.settings, "vip", "customer:anna", now())
        put_erasure(topics.settings, "customer:anna", now())
        with eraser(own, tmp_path, **access) as running:
            seconds(lambda: len(by_eraser(topics.settings)) > 0)
            end_state(topics.settings, "v-1")
            seconds(lambda: left(topics.settings) == 0)
            assert running.terminate() == 0
        changes = kept(topics.settings, AUDIENCES)
        assert [(each.key, bool(each.value)) for each in changes] == [
            (b"vip|customer:anna", True),
            (b"vip|customer:anna", False),
        ]
        assert by_eraser(topics.settings) == [{"visitor": "v-1", "customer": "anna"}]
    assert "Authorization" not in running.process.output()
