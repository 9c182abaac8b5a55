"""Triggers on a real broker, and real senders that are started, killed and probed."""

import json
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from kafka import KafkaConsumer, KafkaProducer, OffsetAndMetadata, TopicPartition
from kafka.admin import KafkaAdminClient
from kafka.consumer.fetcher import ConsumerRecord

from agents.config.settings import Settings
from agents.kafka import cluster_admin
from agents.local import ports
from agents.local.process import Process
from stream import recipes_file
from stream.outputs import triggers
from stream.outputs.outputs import Outputs
from stream.state.visitor import Published

HERE = Path(__file__).parents[2]
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
RECIPE = "cart-abandonment"
PARTITIONS = 2
MINUTE = 60_000


def now() -> int:
    return int(time.time() * 1000)


class Trigger(NamedTuple):
    """A trigger as a worker writes it. Times in ms."""

    id: str
    person: str
    recipe: str
    start: int
    until: int

    def fired(self) -> bytes:
        out = Outputs()
        triggers.fire(
            triggers.Fired(
                trigger_id=self.id,
                recipe=self.recipe,
                version=1,
                step=1,
                steps=3,
                message=1,
                sub_kind=None,
                person=self.person,
                customer=None,
                visitor="v",
                channels=["email"],
                cart=None,
                product=None,
                value=0,
                offer="percent-10",
                arm=None,
                not_before=self.start,
                valid_until=self.until,
                why={"passed": []},
                evidence=["e-1"],
            ),
            out,
        )
        return out.triggers[0][2]

    def cancelled(self) -> bytes:
        out = Outputs()
        known = Published(self.id, self.recipe, self.person, 1, ["email"], self.until)
        triggers.cancel(known, max(self.start, now()), "ordered", "o-1", out)
        return out.triggers[0][2]


def trigger(
    name: object,
    person: str | None = None,
    *,
    wait: int = 0,
    valid: int = 60 * MINUTE,
    recipe: str = RECIPE,
) -> Trigger:
    """A trigger. `name` makes its id. It may be sent after `wait` ms, and is valid for `valid` ms from then."""
    id = sha256(f"{name}".encode()).hexdigest()[:32]
    start = now() + wait
    return Trigger(id, person or f"visitor:{name}", recipe, start, start + valid)


def triggers_of(count: int, people: int) -> list[Trigger]:
    return [trigger(n, f"visitor:v{n % people}") for n in range(count)]


class Topics:
    """The service's topics under a prefix, for one test."""

    def __init__(self, broker: str, prefix: str) -> None:
        self.settings = Settings(kafka=tuple(broker.split(",")), prefix=prefix)
        self.servers = broker.split(",")
        with cluster_admin.connected(self.settings) as admin:
            cluster_admin.create(admin, self.settings, recipes_file.DEFAULT.names, PARTITIONS)
        self._producer = KafkaProducer(bootstrap_servers=self.servers, acks="all", linger_ms=5)

    def close(self) -> None:
        self._producer.close()

    def fire(self, *given: Trigger) -> None:
        self.write((each, each.fired()) for each in given)

    def cancel(self, *given: Trigger) -> None:
        self.write((each, each.cancelled()) for each in given)

    def write(self, given: Iterable[tuple[Trigger, bytes]]) -> None:
        for each, value in given:
            self.put(each.recipe, each.person.encode(), value)
        self._producer.flush()

    def put(self, recipe: str, key: bytes | None, value: bytes | None) -> None:
        self._producer.send(self.settings.topic(f"triggers.{recipe}"), value, key)

    def dead(self) -> list[ConsumerRecord]:
        """The records of sender.undelivered."""
        place = TopicPartition(self.settings.topic("sender.undelivered"), 0)
        consumer = KafkaConsumer(bootstrap_servers=self.servers, enable_auto_commit=False)
        consumer.assign([place])
        consumer.seek_to_beginning()
        end, found = consumer.end_offsets([place])[place], []
        while consumer.position(place) < end:
            for records in consumer.poll(timeout_ms=500).values():
                found += records
        consumer.close()
        return found

    def left(self, group: str | None = None) -> int:
        """The number of records after the group's offsets."""
        name = group or f"{self.settings.prefix}sender"
        admin = KafkaAdminClient(bootstrap_servers=self.servers)
        consumer = KafkaConsumer(bootstrap_servers=self.servers)
        try:
            places = [
                TopicPartition(self.settings.topic(f"triggers.{recipe}"), number)
                for recipe in recipes_file.DEFAULT.names
                for number in range(PARTITIONS)
            ]
            ends = consumer.end_offsets(places)
            done = admin.list_group_offsets({name: places})[name]
            return sum(
                end - max(done[place].offset if place in done else 0, 0)
                for place, end in ends.items()
            )
        finally:
            consumer.close()
            admin.close()


def rewind(topics: Topics, group: str = "sender") -> None:
    """Resets the offsets of a group to the beginning. No member may run."""
    settings = topics.settings
    admin = KafkaAdminClient(bootstrap_servers=topics.servers)
    try:
        offsets = {
            TopicPartition(settings.topic(f"triggers.{RECIPE}"), number): OffsetAndMetadata(
                0, "", -1
            )
            for number in range(PARTITIONS)
        }
        admin.alter_group_offsets(f"{settings.prefix}{group}", offsets)
    finally:
        admin.close()


class Command(Process):
    """A process with its exit status."""

    def status(self, within: float) -> int:
        """Raises subprocess.TimeoutExpired."""
        assert self._started is not None
        return self._started.wait(within)


class Service:
    """A process of a command with probes, ready once its log says `assigned`."""

    def __init__(
        self, command: str, arguments: Iterable[str], folder: Path, variables: Mapping[str, str]
    ) -> None:
        self.port = ports.free(1)[0]
        self.process = Command(
            command,
            [
                "env",
                f"PYTHONPATH={HERE}",
                *(f"{name}={value}" for name, value in variables.items()),
                *(sys.executable, "-m", "agents", command, *arguments),
                *("--metrics", f"127.0.0.1:{self.port}"),
            ],
            folder / f"{command}-{self.port}.log",
            lambda process: " assigned " in process.output(),
        )

    def page(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{self.port}{path}", timeout=30
            ) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

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


class Sender(Service):
    """A process. `env` overrides the settings that every test has."""

    def __init__(self, broker: str, prefix: str, url: str, folder: Path, **env: str) -> None:
        variables = {
            "TRIGGERS_KAFKA": broker,
            "TRIGGERS_PREFIX": prefix,
            "TRIGGERS_SESSION_MS": "6000",
            "TRIGGERS_WEBHOOK_URL": url,
            "TRIGGERS_WEBHOOK_SECRET": SECRET,
            # A try that the sender ends by its timeout may still be accepted: the endpoint then counts two.
            "TRIGGERS_WEBHOOK_TIMEOUT_MS": "10000",
            "TRIGGERS_WEBHOOK_BACKOFF_MS": "50/400",
            "TRIGGERS_SENDER_STORE": str(folder / "marks.sqlite3"),
            "TRIGGERS_REDIS": "",  # a test that means a Redis says so, whatever the machine has
            **env,
        }
        self.store = "redis" if variables["TRIGGERS_REDIS"] else "file"
        super().__init__("sender", (), folder, variables)

    def settled(self, **labels: str) -> float:
        """The number of records whose delivery has ended."""
        return self.number("triggers_sender_settled_total", **labels)


@contextmanager
def sender(broker: str, prefix: str, url: str, folder: Path, **env: str) -> Iterator[Sender]:
    """A sender that has its partitions. It ends with the block."""
    running = Sender(broker, prefix, url, folder, **env)
    try:
        running.process.start()
        assert f" store={running.store}" in running.process.output(), "remembered elsewhere"
        yield running
    finally:
        running.process.kill()


def header(record: ConsumerRecord, name: str) -> str:
    return {key: value.decode() for key, value in record.headers}[name]


def trigger_of(body: bytes) -> str:
    found = json.loads(body)["data"]["trigger_id"]
    assert isinstance(found, str)
    return found
