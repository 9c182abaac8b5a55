"""Local Kafka nodes: stopped, frozen, restarted, with a password."""

from collections.abc import Iterator, Sequence

import psutil
import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic
from kafka.errors import KafkaError

from agents.local.cluster import Cluster, cluster
from agents.local.node import Node
from agents.local.process import LocalFailed

SASL = {
    "listener.security.protocol.map": "CLIENT:SASL_PLAINTEXT,BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "sasl.enabled.mechanisms": "PLAIN",
    "listener.name.client.plain.sasl.jaas.config": (
        "org.apache.kafka.common.security.plain.PlainLoginModule required user_shop='right';"
    ),
}


@pytest.fixture(scope="module")
def three() -> Iterator[Cluster]:
    with cluster(3, properties={"replica.lag.time.max.ms": "3000"}) as running:
        yield running


def topic(running: Cluster, name: str) -> str:
    admin = KafkaAdminClient(bootstrap_servers=running.bootstrap)
    admin.create_topics([NewTopic(name, 3, 3)])
    admin.close()
    return name


def send(nodes: Sequence[Node], name: str, value: bytes) -> None:
    """Sends a record to each partition, and waits until the in-sync replicas have it."""
    addresses = [node.address for node in nodes]
    producer = KafkaProducer(bootstrap_servers=addresses, acks="all", request_timeout_ms=5000)
    for sent in [producer.send(name, value, partition=number) for number in range(3)]:
        sent.get(120)
    producer.close()


def values(running: Cluster, name: str) -> list[bytes]:
    consumer = KafkaConsumer(bootstrap_servers=running.bootstrap)
    parts = [TopicPartition(name, number) for number in range(3)]
    consumer.assign(parts)
    consumer.seek_to_beginning()
    ends = consumer.end_offsets(parts)
    found: list[bytes] = []
    while any(consumer.position(part) < ends[part] for part in parts):
        for batch in consumer.poll(timeout_ms=1000).values():
            found += [each.value for each in batch]
    consumer.close()
    return sorted(found)


@pytest.mark.slow
def test_two_of_three_nodes_continue_and_the_third_comes_back(three: Cluster) -> None:
    name, gone = topic(three, "killed"), three.nodes[1]
    address = gone.address
    send(three.nodes, name, b"1")
    gone.kill()
    send(three.nodes, name, b"2")
    gone.start()
    assert gone.address == address
    assert values(three, name) == [b"1"] * 3 + [b"2"] * 3


@pytest.mark.slow
def test_two_of_three_nodes_continue_without_a_frozen_one(three: Cluster) -> None:
    name, frozen = topic(three, "frozen"), three.nodes[2]
    frozen.freeze()
    assert psutil.Process(frozen.pid).status() == psutil.STATUS_STOPPED
    send(three.nodes[:2], name, b"1")  # one that is asked first and is silent costs 30 s
    frozen.thaw()
    assert values(three, name) == [b"1"] * 3


def test_the_error_of_a_failed_node_has_the_end_of_its_log() -> None:
    with (
        pytest.raises(LocalFailed, match=r"broker\.rack\.aware"),
        cluster(properties={"log.retention.hours": "broker.rack.aware"}),
    ):
        pytest.fail("it started")


def connects(address: str, **security: str) -> bool:
    try:
        KafkaAdminClient(bootstrap_servers=address, bootstrap_timeout_ms=15_000, **security).close()
    except KafkaError:
        return False
    return True


@pytest.mark.slow
def test_the_clients_listener_may_ask_for_a_password() -> None:
    user = {
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": "PLAIN",
        "sasl_plain_username": "shop",
    }
    with cluster(properties=SASL) as running:
        (node,) = running.nodes
        assert connects(node.address, **user, sasl_plain_password="right")
        assert not connects(node.address, **user, sasl_plain_password="wrong")
        assert not connects(node.address)
        assert connects(node.inside)
        assert "failed authentication" in node.output().lower()
