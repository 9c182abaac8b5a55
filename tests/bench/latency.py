"""(c) Latency at steady rates, by the broker's times: from a record appended to its answer appended.

Signal to exit trigger, order to cancel, and from the moment a reminder is due to its trigger. The probes
are visitors of their own amid the traffic. A reminder comes five minutes after its cart at the earliest:
so the first rate is kept up for longer, and carts are filled from the beginning.
"""

import argparse
import time
from collections import defaultdict, deque
from collections.abc import Iterator
from typing import Final, NamedTuple

import msgspec
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition

from agents.config.settings import Settings
from agents.kafka.topics import EVENTS
from tests.bench import log, subjects
from tests.bench.process import Cost, cost
from tests.bench.room import Room
from tests.bench.table import share, show
from tests.bench.traffic import Row, rows, wall

SMOKE: Final = "--rates 200 --seconds 7 --no-reminders"
VISITORS: Final = 10_000
REMINDED: Final = 303.0
"""Seconds from a cart to its reminder; the visitor is idle after 300."""

SIGNALLED: Final = 11.0
"""Seconds from the visit's start to the signal: sooner it is too soon."""

ORDERED: Final = REMINDED + 6.0
RECIPES: Final = """recipes:
  - {name: cart-abandonment, steps: [303s]}
  - {name: exit-intent}
"""


class Answer(NamedTuple):
    """`at`, `took` in ms."""

    kind: str
    at: int
    took: int


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rates", type=int, nargs="+", default=[1_000, 5_000, 20_000])
    parser.add_argument("--seconds", type=int, default=60, help="at each rate")
    parser.add_argument("--probes", type=int, default=20, help="of each kind, a second")
    parser.add_argument("--partitions", type=int, default=4)
    parser.add_argument("--no-reminders", action="store_true", help="spares the first five minutes")
    parser.add_argument("--profile", action="store_true", help="sample the stacks of the worker")


def run(args: argparse.Namespace, room: Room) -> None:
    recipes = room.folder / "recipes.yaml"
    recipes.write_text(RECIPES)
    settings = log.settings_of(room.bootstrap, "latency", recipes=recipes)
    log.make(settings, args.partitions)
    phases: list[tuple[int, int, Cost]] = []
    profile = room.folder / "profile.txt" if args.profile else None
    with subjects.Worker(settings, room.folder / "worker.log", profile) as worker:
        shop = Shop(settings, args.probes)
        shop.keep(args.rates[0], 5 if args.no_reminders else ORDERED + 1)
        worker.until(1, 30)
        for rate in args.rates:
            began, first = wall(), worker.moment()
            shop.keep(rate, args.seconds)
            phases.append((began, rate, cost(first, worker.moment())))
        shop.close()
        time.sleep(3)
    if profile:
        print(profile.read_text())
    answers = list(_answers(settings))
    log.drop(settings)
    for number, (began, rate, spent) in enumerate(phases):
        until = phases[number + 1][0] if number + 1 < len(phases) else 1 << 62
        _show(rate, spent, [each for each in answers if began <= each.at < until])


class Shop:
    """Traffic in real time: what shoppers do, and the probes when their time has come."""

    def __init__(self, settings: Settings, probes: int) -> None:
        self._topic = settings.topic(EVENTS)
        self._client = log.producer(settings, **{"linger.ms": 2})
        self._rows = rows(1 << 40, VISITORS, clock=wall)
        self._probes = probes
        self._number = 0
        self._next = time.monotonic()
        self._waiting: dict[str, deque[tuple[float, int]]] = defaultdict(deque)

    def keep(self, rate: int, seconds: float) -> None:
        """Sends so many events a second."""
        began, sent = time.monotonic(), 0
        while (now := time.monotonic()) < began + seconds:
            due = int((now - began) * rate) - sent
            for _ in range(due):
                self._send(next(self._rows))
            sent += due
            self._probe(now)
            self._client.poll(0)
            time.sleep(max(0.0, now + 0.005 - time.monotonic()))

    def close(self) -> None:
        self._client.flush(30)

    def _probe(self, now: float) -> None:
        while self._next <= now:
            self._next += 1 / self._probes
            number = self._number = self._number + 1
            self._send(_event(f"exit-{number}", b'"type":"page.viewed"', 1))
            self._waiting["exit"].append((now + SIGNALLED, number))
            self._send(_event(f"cart-{number}", CART, 1))
            self._waiting["cart"].append((now + ORDERED, number))
        for kind, body in (("exit", SIGNAL), ("cart", ORDER)):
            waiting = self._waiting[kind]
            while waiting and waiting[0][0] <= now:
                self._send(_event(f"{kind}-{waiting.popleft()[1]}", body, 2))

    def _send(self, row: Row) -> None:
        self._client.produce(self._topic, row.value, row.key)


SIGNAL: Final = b'"type":"exit.signal","signal":"close_shortcut"'
CART: Final = b'"type":"cart.item_added","item":{"product_id":"lamp","quantity":1,"price":40}'
ORDER: Final = b'"type":"order.placed","order":{"id":"first"}'


def _event(visitor: str, body: bytes, number: int) -> Row:
    name = visitor.encode()
    value = b'{"id":"%b/%d","visitor":"%b","customer":"c-%b",%b}' % (name, number, name, name, body)
    return Row(0, name, value)


def _answers(settings: Settings) -> Iterator[Answer]:
    """What the trigger topics hold."""
    options = {
        "bootstrap.servers": ",".join(settings.kafka),
        "group.id": f"{settings.group}-reader",
    }
    consumer = Consumer({**options, "enable.partition.eof": True})
    for recipe in ("exit-intent", "cart-abandonment"):
        topic = settings.topic(f"triggers.{recipe}")
        known = consumer.list_topics(topic).topics[topic].partitions
        left = len(known)  # a count of records would wait for transactions' markers
        consumer.assign([TopicPartition(topic, n, OFFSET_BEGINNING) for n in known])
        while left:
            for message in consumer.consume(1000, 1.0):
                if message.error():
                    left -= message.error().code() == KafkaError._PARTITION_EOF
                    continue
                trigger = msgspec.json.decode(message.value() or b"")
                data, landed = trigger["data"], message.timestamp()[1]
                if "reason" in data:
                    if recipe == "cart-abandonment":
                        yield Answer("order → cancel", data["at"], landed - data["at"])
                else:
                    kind = "signal → exit trigger" if recipe == "exit-intent" else "due → trigger"
                    yield Answer(kind, data["not_before"], landed - data["not_before"])
    consumer.close()


def _show(rate: int, spent: Cost, answers: list[Answer]) -> None:
    took: dict[str, list[int]] = defaultdict(list)
    for answer in answers:
        took[answer.kind].append(answer.took)
    show(
        f"Latency at {rate:,} events/s in ms ({spent.rate:,.0f}/s processed, {spent.cpu:.1f} µs of CPU "
        f"each, {spent.cpu * spent.rate / 1e4:.0f} % of a core)",
        ("", "p50", "p99", "p99.9", "largest", "number"),
        [
            (kind, *(f"{share(each, part):,}" for part in (0.5, 0.99, 0.999, 1)), f"{len(each):,}")
            for kind, each in took.items()
        ],
    )
