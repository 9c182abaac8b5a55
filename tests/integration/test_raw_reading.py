"""What the harness reads raw: all that is there, also in transactions and from a broker that answers late."""

import threading
from typing import Any, Final

import pytest
from kafka import KafkaProducer

from agents.config.settings import Settings
from agents.kafka import cluster_admin
from agents.kafka.topics import EVENTS, Layout
from agents.local.cluster import Cluster
from stream import recipes_file
from tests.faults import raw

LATE_S: Final = 5.0
"""Seconds without an answer. A busy machine has made a broker wait for as long."""


@pytest.fixture
def settings(own: Cluster, prefix: str) -> Settings:
    """Of a service whose topics exist."""
    made = Settings(kafka=(own.bootstrap,), prefix=prefix)
    with cluster_admin.connected(made) as admin:
        cluster_admin.create(admin, made, recipes_file.DEFAULT.names, *Layout(2, 1, 1))
    return made


def producer(settings: Settings, **options: Any) -> KafkaProducer:
    return KafkaProducer(bootstrap_servers=list(settings.kafka), **options)


def send(to: KafkaProducer, settings: Settings, *values: bytes) -> None:
    for value in values:
        to.send(settings.topic(EVENTS), value, partition=0)
    to.flush()


def test_markers_of_transactions_are_read_past_and_not_waited_for(settings: Settings) -> None:
    """Also where the last records are of an aborted transaction, or of one that is still open."""
    first = producer(settings, transactional_id=f"{settings.prefix}first")
    first.init_transactions()
    first.begin_transaction()
    send(first, settings, b"a", b"b")
    first.commit_transaction()
    first.begin_transaction()
    send(first, settings, b"aborted")
    first.abort_transaction()
    with raw.Tail(settings, [EVENTS], committed=True) as tail:
        assert [row.value for row in tail.read()] == [b"a", b"b"]
        first.begin_transaction()
        send(first, settings, b"open")
        assert [row.value for row in tail.read()] == [b"a", b"b"]
    with raw.Tail(settings, [EVENTS]) as tail:
        assert [row.value for row in tail.read()] == [b"a", b"b", b"aborted", b"open"]
    first.abort_transaction()
    assert [row.value for row in raw.packed(settings, EVENTS, committed=True)] == [b"a", b"b"]


def test_a_broker_that_answers_late_is_waited_for(settings: Settings, own: Cluster) -> None:
    plain = producer(settings)
    send(plain, settings, *(b"%d" % number for number in range(100)))
    (node,) = own.nodes
    with raw.Tail(settings, [EVENTS]) as tail:
        ask = tail._consumer.end_offsets

        def then_freeze(parts: Any) -> Any:
            """Freezes the broker once it has said where the topics end."""
            ends = ask(parts)
            node.freeze()
            threading.Timer(LATE_S, node.thaw).start()
            return ends

        tail._consumer.end_offsets = then_freeze
        assert len(tail.read()) == 100


def test_what_a_broker_never_gives_fails_the_read(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else these records would count as missing."""
    monkeypatch.setattr(raw, "PATIENCE_S", 1.0)
    send(producer(settings), settings, b"a")
    with raw.Tail(settings, [EVENTS]) as tail:
        tail._consumer.end_offsets = lambda parts: dict.fromkeys(parts, 2)
        with pytest.raises(AssertionError, match=r"not read to .* within 1\.0 s"):
            tail.read()
