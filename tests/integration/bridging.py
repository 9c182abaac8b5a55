"""Topics of sources on a real broker, and real bridges that are started, killed and probed."""

import json
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient
from kafka.consumer.fetcher import ConsumerRecord

from agents.config.settings import Settings
from agents.kafka import cluster_admin
from agents.kafka.partitioner import partition_of
from agents.local import ports
from stream import recipes_file
from tests.integration.sending import HERE, Command

PARTITIONS = 3
PEPPER = "pepper-of-the-tests-that-is-long-enough"

Headers = list[tuple[str, bytes]]


def until(holds: Callable[[], bool], within: float = 90.0) -> None:
    """Waits until it holds, or for `within` seconds. The test's own comparison then fails."""
    limit = time.monotonic() + within
    while not holds() and time.monotonic() < limit:
        time.sleep(0.3)


class Sources:
    """The service's topics under a prefix, the topics of its sources, and the file that names them."""

    def __init__(self, broker: str, prefix: str, folder: Path) -> None:
        self.broker, self.prefix, self.folder = broker, prefix, folder
        self.servers = broker.split(",")
        self.settings = Settings(kafka=tuple(self.servers), prefix=prefix)
        self.file = folder / "sources.yaml"
        self._given: list[dict[str, Any]] = []
        with cluster_admin.connected(self.settings) as admin:
            cluster_admin.create(admin, self.settings, recipes_file.DEFAULT.names, PARTITIONS)
        self._producer = KafkaProducer(bootstrap_servers=self.servers, acks="all", linger_ms=5)

    def close(self) -> None:
        self._producer.close()

    def add(
        self,
        name: str,
        kind: str,
        partitions: int = PARTITIONS,
        stamps: str = "LogAppendTime",
        **more: Any,
    ) -> str:
        """Adds a source with a topic of its own. Returns the topic's name."""
        topic = f"{self.prefix}{name}"
        self.make(topic, partitions, stamps)
        self._given.append({"name": name, "kind": kind, "topics": [topic], **more})
        self.file.write_text(json.dumps({"sources": self._given}))
        return topic

    def make(self, topic: str, partitions: int, stamps: str = "LogAppendTime") -> None:
        admin = KafkaAdminClient(bootstrap_servers=self.servers)
        try:
            admin.create_topics(
                {
                    topic: {
                        "num_partitions": partitions,
                        "replication_factor": 1,
                        "configs": {"message.timestamp.type": stamps},
                    }
                }
            )
            admin.wait_for_topics([topic], timeout_ms=30_000)
        finally:
            admin.close()

    def put(
        self,
        topic: str,
        value: bytes | None,
        key: bytes | None = None,
        headers: Headers = [],  # noqa: B006 - nobody writes to it
        partition: int | None = None,
        t: int | None = None,
    ) -> None:
        self._producer.send(topic, value, key, headers, partition, t)

    def flush(self) -> None:
        self._producer.flush()

    def records(self, name: str) -> list[ConsumerRecord]:
        """The committed records of a topic of the service, by partition."""
        topic = self.settings.topic(name)
        consumer = KafkaConsumer(
            bootstrap_servers=self.servers,
            enable_auto_commit=False,
            isolation_level="read_committed",
        )
        try:
            numbers = sorted(consumer.partitions_for_topic(topic) or ())
            places = [TopicPartition(topic, number) for number in numbers]
            consumer.assign(places)
            consumer.seek_to_beginning()
            ends, found = consumer.end_offsets(places), []
            while any(consumer.position(place) < ends[place] for place in places):
                for records in consumer.poll(timeout_ms=500).values():
                    found += records
            return found
        finally:
            consumer.close()

    def events(self) -> list[dict[str, Any]]:
        """The events of storefront.events. Checks their keys and partitions."""
        found = []
        for record in self.records("storefront.events"):
            event = json.loads(record.value)
            if "visitor" in event:
                assert record.key == event["visitor"].encode()
            assert record.partition == partition_of(record.key, PARTITIONS)
            found.append(event)
        return found

    def letters(self) -> list[dict[str, str]]:
        """The headers of the dead letters, with key and value."""
        return [
            {
                **{name: text.decode() for name, text in record.headers},
                "value": (record.value or b"").decode("utf-8", "replace"),
            }
            for record in self.records("bridge.unreadable")
        ]

    def wait(self, count: int, within: float = 90.0) -> list[dict[str, Any]]:
        """The events, once there are `count`, or after `within` seconds."""
        until(lambda: len(self.events()) >= count, within)
        return self.events()


class Bridge:
    """A process. `env` overrides the settings that every test has."""

    def __init__(self, sources: Sources, **env: str) -> None:
        self.port = ports.free(1)[0]
        variables = {
            "TRIGGERS_KAFKA": sources.broker,
            "TRIGGERS_PREFIX": sources.prefix,
            "TRIGGERS_SESSION_MS": "6000",
            "TRIGGERS_SOURCES": str(sources.file),
            "TRIGGERS_IDENTITY_PEPPER": PEPPER,
            **env,
        }
        self.process = Command(
            "bridge",
            [
                "env",
                f"PYTHONPATH={HERE}",
                *(f"{name}={value}" for name, value in variables.items()),
                *(sys.executable, "-m", "agents", "bridge"),
                *("--metrics", f"127.0.0.1:{self.port}"),
            ],
            sources.folder / f"bridge-{self.port}.log",
            lambda process: self.page("/ready")[0] == 200,
        )

    def page(self, path: str) -> tuple[int, str]:
        """(status, text). Without an answer: (0, the error)."""
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{self.port}{path}", timeout=30
            ) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError as error:
            return 0, str(error)

    def number(self, name: str, **labels: str) -> float:
        """A metric's value, summed over the labels that are not given. 0 if it does not exist yet."""
        total = 0.0
        for line in self.page("/metrics")[1].splitlines():
            series, _, value = line.rpartition(" ")
            wanted = all(f'{label}="{text}"' in series for label, text in labels.items())
            if series.partition("{")[0] == name and wanted:
                total += float(value)
        return total

    def terminate(self, within: float = 60.0) -> int:
        """Sends SIGTERM. Returns the exit status."""
        self.process.terminate()
        return self.process.status(within)


@contextmanager
def bridge(sources: Sources, **env: str) -> Iterator[Bridge]:
    """A bridge that has its partitions. It ends with the block."""
    running = Bridge(sources, **env)
    try:
        running.process.start()
        yield running
    finally:
        running.process.kill()


def viewed(number: int, visitor: str) -> bytes:
    """A message of Segment: a viewed product."""
    return json.dumps(
        {
            "type": "track",
            "event": "Product Viewed",
            "messageId": f"m-{number}",
            "anonymousId": visitor,
            "properties": {"product_id": f"p-{number}", "price": 9.9},
        }
    ).encode()


def numbers(events: Iterable[dict[str, Any]]) -> list[int]:
    """The numbers of `viewed` messages."""
    return [int(event["product"]["id"].removeprefix("p-")) for event in events]


def of_visitor(events: Sequence[dict[str, Any]], visitor: str) -> list[int]:
    return numbers(event for event in events if event["visitor"] == visitor)
