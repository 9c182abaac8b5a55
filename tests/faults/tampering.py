"""Topics that are deleted, emptied or changed: input is held, or the worker refuses with an error. Nothing is lost."""

import time
from collections.abc import Iterable

from kafka import KafkaProducer
from kafka.admin import ConfigResource, ConfigResourceType

from agents.config.settings import kafka_python_options
from agents.kafka import cluster_admin
from agents.kafka.topics import EVENTS
from stream.store.changelog import FORMAT
from tests.faults import logs, raw
from tests.faults.brokers import AWAY
from tests.faults.cases import Room, case
from tests.faults.report import Report
from tests.faults.scene import Scene
from tests.faults.workers import Worker

MARKERS_ONLY = "100"
"""A max.message.bytes with room for a transaction marker only (78 bytes). Without it Kafka never ends a transaction."""

ENDED = r" failed error=|^ +File "


def until_said(it: Scene, words: str, within: float = 60) -> str:
    """Waits for the text in the workers' logs."""
    limit = time.monotonic() + within
    while words not in it.workers.logs():
        assert time.monotonic() < limit, f"nobody said {words!r}:\n{it.workers.logs()[-3000:]}"
        time.sleep(0.2)
    return it.workers.logs()


def until_ended(worker: Worker, within: float = 60) -> int:
    """Waits until a worker ends by itself. Returns its exit status."""
    return worker.process.wait(within)


@case("broker")
def output_missing(room: Room) -> list[Report]:
    """The topic of decisions is deleted under running workers: input is held until it is back."""
    with room.scene() as it:
        it.workers.add_two()
        it.fault("triggers.decisions deleted")
        with cluster_admin.connected(it.settings) as admin:
            admin.delete_topics([it.settings.topic("triggers.decisions")])
        it.load(logs.worlds(room.seed, 20), 5)
        time.sleep(25)
        it.make_topics()
        return [it.conclude(passed=[AWAY, ENDED], exits=(0, 1, 2), within=150)]


@case("data")
def rejected_unavailable(room: Room) -> list[Report]:
    """storefront.rejected accepts nothing for a while: input is held, and no rejected record is lost."""
    return [_refusing(room, "storefront.rejected")]


@case("broker")
def output_refuses(room: Room) -> list[Report]:
    """The topic of decisions accepts no record of that size for a while."""
    return [_refusing(room, "triggers.decisions")]


def _refusing(room: Room, topic: str) -> Report:
    with room.scene() as it:
        it.workers.add_two()
        it.fault(f"{topic} refuses every record")
        _alter(it, topic, "max.message.bytes", MARKERS_ONLY)
        it.load(logs.worlds(room.seed, 20), 5)
        time.sleep(15)
        usual = {"storefront.rejected": "2097176"}.get(topic, "1048588")
        _alter(it, topic, "max.message.bytes", usual)
        return it.conclude(passed=[AWAY, ENDED], exits=(0, 1, 2))


def _alter(it: Scene, topic: str, key: str, value: str) -> None:
    name = it.settings.topic(topic)
    with cluster_admin.connected(it.settings) as admin:
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, configs={key: value})])


@case("broker")
def partitions_added(room: Room) -> list[Report]:
    """The input gets more partitions. Keys would move away from their state, so the workers refuse."""
    with room.scene() as it:
        it.load(logs.worlds(room.seed, 10), 1).finish()
        worker = it.workers.add()
        it.workers.until_ready()
        it.fault("two more partitions of the input")
        with cluster_admin.connected(it.settings) as admin:
            admin.create_partitions({it.settings.topic(EVENTS): it.inputs + 2})
        it.workers.remove(worker)
        it.workers.again(worker)
        worker.wanted = False
        assert until_ended(worker) == 2
        until_said(it, "keys have moved away from their state", 1)
        return [it.refused()]


@case("broker")
def input_again(room: Room) -> list[Report]:
    """The input is deleted and created again. The workers refuse to continue in it."""
    with room.scene() as it:
        it.load(logs.worlds(room.seed, 10), 1).finish()
        worker = it.workers.add()
        it.workers.until_ready()
        _drained(it)
        it.workers.remove(worker)
        it.fault("the input deleted and made again")
        _make_anew(it, [EVENTS])
        it.workers.again(worker)
        worker.wanted = False
        assert until_ended(worker) == 1
        until_said(it, "start again under another TRIGGERS_PREFIX", 1)
        return [it.refused()]


@case("broker")
def changelog_emptied(room: Room) -> list[Report]:
    """The changelogs are created again while no worker runs. The workers log it, and apply all input again."""
    visitors, keys, people = names = ("state.visitors", "state.keys", "state.people")
    return [
        _without(room, lost)
        for lost in (names, (visitors, people), (visitors,), (keys,), (people,))
    ]


def _without(room: Room, names: tuple[str, ...]) -> Report:
    with room.scene() as it:
        it.load(logs.worlds(room.seed, 20), 1).finish()
        worker = it.workers.add()
        it.workers.until_ready()
        _drained(it)
        it.workers.remove(worker)
        it.fault(f"deleted and made again: {', '.join(names)}")
        _make_anew(it, names)
        it.workers.again(worker)
        for name in names:
            until_said(it, f"state_lost topic={it.settings.topic(name)}")
        it.workers.until_ready()
        return it.conclude(passed=["state_lost"], refolded=True)


def _make_anew(it: Scene, names: Iterable[str]) -> None:
    with cluster_admin.connected(it.settings) as admin:
        admin.delete_topics([it.settings.topic(name) for name in names])
    time.sleep(2)
    it.make_topics()


@case("upgrade")
def newer_state(room: Room) -> list[Report]:
    """State of a later release is refused with an error. Once it is removed, the worker continues."""
    with room.scene() as it:
        it.load(logs.worlds(room.seed, 10), 1).finish()
        worker = it.workers.add()
        it.workers.until_ready()
        _drained(it)
        it.workers.remove(worker)
        it.fault("a record of a later release in the changelog")
        producer = KafkaProducer(**kafka_python_options(it.settings))
        later = bytes([FORMAT + 1]) + bytes(24) + b"later"
        producer.send(it.settings.topic("state.people"), key=b"x", value=later, partition=0)
        producer.close()
        it.workers.again(worker)
        worker.wanted = False
        assert until_ended(worker) == 1
        until_said(it, f"expected format {FORMAT}, got {FORMAT + 1}", 1)
        return [it.refused()]


def _drained(it: Scene, within: float = 60) -> None:
    with raw.Tail(it.settings, [EVENTS]) as tail:
        ends: dict[tuple[str, int], int] = {}
        for row in tail.read():
            ends[row.topic, row.partition] = row.offset + 1
    limit = time.monotonic() + within
    while any(raw.committed(it.settings).get(at) != end for at, end in ends.items()):
        assert time.monotonic() < limit, "not drained"
        time.sleep(0.3)
