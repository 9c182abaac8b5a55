"""(c) Latency and CPU at steady rates, by broker timestamps: from an appended record to its appended answer.

Measures signal to exit trigger, order to cancel, and a reminder's due time to its trigger. The probes
are separate visitors in the traffic. A reminder fires five minutes after its cart at the earliest,
so the first rate is kept longer, and carts are filled from the beginning. Rate 0 is an idle shop. The
peers get the same traffic afterwards, one at a time; only their CPU is shown.
"""

import argparse
import math
import time
from collections import defaultdict, deque
from collections.abc import Iterator
from typing import Final, NamedTuple

import msgspec
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition

from agents.config.settings import Settings
from agents.kafka.topics import EVENTS
from tests.bench import log, subjects
from tests.bench.process import Subject
from tests.bench.room import Room
from tests.bench.table import share, show
from tests.bench.traffic import Row, rows, wall

SMOKE: Final = "--rates 200 --seconds 7 --no-reminders --peers handloop"
VISITORS: Final = 10_000
SETTLED: Final = 12.0
"""Seconds until an idle worker has settled."""

EACH_PROBE: Final = 25
"""Smallest number of events per probe of each kind: a probe is two events itself."""

REMINDED: Final = 303.0
"""Seconds from a cart to its reminder; the visitor is idle after 300."""

SIGNALLED: Final = 11.0
"""Seconds from the visit's start to the signal; an earlier signal is refused."""

ORDERED: Final = REMINDED + 6.0
RECIPES: Final = """recipes:
  - {name: cart-abandonment, steps: [303s]}
  - {name: exit-intent}
"""


class Answer(NamedTuple):
    """An answer to a probe. `at`, `took`: ms."""

    kind: str
    at: int
    took: int


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rates", type=int, nargs="+", default=[0, 100, 1_000, 5_000, 20_000])
    parser.add_argument("--seconds", type=int, default=60, help="at each rate")
    parser.add_argument("--probes", type=int, default=20, help="of each kind, a second, at most")
    parser.add_argument("--partitions", type=int, default=4)
    parser.add_argument("--peers", nargs="*", default=["handloop", "stockfaust"])
    parser.add_argument("--no-reminders", action="store_true", help="spares the first five minutes")
    parser.add_argument("--profile", action="store_true", help="sample the stacks of the worker")


def run(args: argparse.Namespace, room: Room) -> None:
    recipes = room.folder / "recipes.yaml"
    recipes.write_text(RECIPES)
    settings = log.settings_of(room.bootstrap, "latency", recipes=recipes)
    log.make(settings, args.partitions)
    phases: list[Phase] = []
    profile = room.folder / "profile.txt" if args.profile else None
    with subjects.Worker(settings, room.folder / "worker.log", profile) as worker:
        worker.until_ready(60)
        shop = Shop(settings, args.probes)
        for rate in args.rates:
            if rate and not any(phase.rate for phase in phases):
                shop.keep(rate, 5 if args.no_reminders else ORDERED + 1)
            phases.append(_phase(worker, shop, rate, args.seconds))
        shop.close()
        time.sleep(3)
    if profile:
        print(profile.read_text())
    answers = list(_answers(settings))
    log.drop(settings)
    for number, phase in enumerate(phases):
        until = phases[number + 1].began if number + 1 < len(phases) else 1 << 62
        if phase.rate:
            _show(phase, [each for each in answers if phase.began <= each.at < until])
    _show_cpu({"worker": phases, **{name: _peer(name, room, args) for name in args.peers}})


class Phase(NamedTuple):
    """A rate kept from `began` (ms) on. `done`: processed events a second · `share`: % of a core."""

    began: int
    rate: int
    done: float
    share: float


def _phase(subject: Subject, shop: "Shop", rate: int, seconds: int) -> Phase:
    if not rate:
        time.sleep(SETTLED)
    began, first = wall(), subject.moment()
    shop.keep(rate, seconds)
    last = subject.moment()
    spent, events = last.time - first.time, last.done - first.done
    return Phase(began, rate, events / spent, 100 * (last.cpu - first.cpu) / spent)


def _peer(name: str, room: Room, args: argparse.Namespace) -> list[Phase]:
    """Measures a peer with its own topics."""
    settings = log.settings_of(room.bootstrap, f"latency.{name}")
    log.make(settings, args.partitions)
    with subjects.peer(name, settings, args.partitions, room.folder / f"{name}.log") as peer:
        shop = Shop(settings, 0)
        shop.keep(max(args.rates), 1)
        peer.until(1, 60)
        phases = [_phase(peer, shop, rate, args.seconds) for rate in args.rates]
        shop.close()
    log.drop(settings)
    return phases


class Shop:
    """Sends traffic in real time: shoppers' events, and the probes when they are due."""

    def __init__(self, settings: Settings, probes: int) -> None:
        self._topic = settings.topic(EVENTS)
        self._client = log.producer(settings, **{"linger.ms": 2})
        self._rows = rows(1 << 40, VISITORS, clock=wall)
        self._probes = probes
        self._number = 0
        self._next = time.monotonic()
        self._every = math.inf
        self._waiting: dict[str, deque[tuple[float, int]]] = defaultdict(deque)

    def keep(self, rate: int, seconds: float) -> None:
        """Sends `rate` events a second, and probes; nothing at rate 0."""
        self._every = 1 / max(0.001, min(self._probes, rate / EACH_PROBE))
        if not rate:
            time.sleep(seconds)
            return
        began, sent = time.monotonic(), 0
        while (now := time.monotonic()) < began + seconds:
            due = int((now - began) * rate) - sent
            for _ in range(due):
                self._send(next(self._rows))
            sent += due
            if self._probes:
                self._probe(now)
            self._client.poll(0)
            time.sleep(max(0.0, now + 0.005 - time.monotonic()))

    def close(self) -> None:
        self._client.flush(30)

    def _probe(self, now: float) -> None:
        while self._next <= now:
            self._next = max(self._next, now - 1) + self._every
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
    """Yields the answers in the trigger topics."""
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
                if error := message.error():
                    left -= error.code() == KafkaError._PARTITION_EOF
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


def _show(phase: Phase, answers: list[Answer]) -> None:
    took: dict[str, list[int]] = defaultdict(list)
    for answer in answers:
        took[answer.kind].append(answer.took)
    show(
        f"Latency at {phase.rate:,} events/s in ms ({phase.done:,.0f}/s processed)",
        ("", "p50", "p99", "p99.9", "largest", "number"),
        [
            (kind, *(f"{share(each, part):,}" for part in (0.5, 0.99, 0.999, 1)), f"{len(each):,}")
            for kind, each in took.items()
        ],
    )


def _show_cpu(spent: dict[str, list[Phase]]) -> None:
    """Prints the CPU; in brackets the processed events a second, where fewer than were sent."""
    show(
        "CPU at steady rates, % of a core",
        ("events/s", *spent),
        [
            (f"{phases[0].rate:,}", *map(_spent, phases))
            for phases in zip(*spent.values(), strict=True)
        ],
    )


def _spent(phase: Phase) -> str:
    short = f" ({phase.done:,.0f}/s)" if phase.done < 0.95 * phase.rate else ""
    return f"{phase.share:.1f}{short}"
