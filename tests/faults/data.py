"""Bad input, and extreme traffic: nothing stops, nothing is lost, nothing grows without bound."""

import asyncio
import json
import time
from collections.abc import Iterable

from aiokafka import AIOKafkaProducer
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from agents.config.settings import aiokafka_options
from agents.kafka.topics import EVENTS
from tests.faults import live, logs, poison
from tests.faults.cases import Room, case
from tests.faults.clocks import hasty_scene, last
from tests.faults.loader import replayed
from tests.faults.report import Report
from tests.faults.scene import Scene

MB = 1024 * 1024


@case("data", star=True)
def poisoned(room: Room) -> list[Report]:
    """One record in 20 is from the corpus, and 1,000 in a row. Every outcome is counted once."""
    with room.scene() as it:
        given = replayed(logs.worlds(room.seed, room.times(10, 40)), it.inputs)
        it.write(poison.mixed(given, it.inputs, room.pick, 1000), 8)
        it.workers.add()
        it.workers.until_ready()
        it.fault("poison, one in 20 and 1,000 in a row")
        for loader in it.loaders:
            loader.finish()
        counted = _until_counted(it)
        report: Report = it.conclude(copies=False)
        assert counted == report.events, f"{counted} outcomes of {report.events} records"
        return [report]


def _until_counted(it: Scene) -> int:
    """The sum over all outcomes, once it does not grow any more."""
    before, limit = -1, time.monotonic() + 60
    while time.monotonic() < limit:
        now = int(it.workers.all[0].told("events_total"))
        if now == before and now:
            return now
        before = now
        time.sleep(2)
    return before


@case("data")
def bomb(room: Room) -> list[Report]:
    """A batch of 200 MB that is compressed to less than the largest message of the topic, and many of 20 MB,
    each of which is within bounds."""
    with room.scene() as it:
        worker = it.workers.add()
        it.workers.until_ready()
        it.workers.remove(worker)
        it.fault("a gzip batch of 200 MB, 15 of 20 MB")
        asyncio.run(bombs(it, [200, *[20] * 15]))
        it.load(logs.worlds(room.seed, 5), 2)
        it.workers.again(worker)
        return [it.conclude(copies=True)]


async def bombs(it: Scene, sizes: Iterable[int]) -> None:
    """Writes batches of these sizes (MB) to one partition, with records of 1 MB. One fetch returns them."""
    producer = AIOKafkaProducer(**aiokafka_options(it.settings), request_timeout_ms=60_000)
    await producer.start()
    try:
        for size in sizes:
            batch = producer.create_batch()
            batch._builder = DefaultRecordBatchBuilder(2, 1, False, -1, -1, -1, 400 * MB)
            for number in range(size):
                batch._builder.append(number, timestamp=1, key=b"b", value=b" " * MB, headers=[])
                batch._relative_offset += 1
            await (await producer.send_batch(batch, it.settings.topic(EVENTS), partition=0))
    finally:
        await producer.stop()


@case("data")
def one_visitor(room: Room) -> list[Report]:
    """One visitor sends 1,000 events a second for a minute. Triggers of the others stay in time."""
    seconds = room.times(10, 60)
    with hasty_scene(room) as it:
        it.workers.add_two("hasty")
        it.fault("1,000 events a second of one visitor")
        loud = [
            live.event("loud", "product.viewed", product={"id": f"p{n % 500}"})
            for n in range(1000 * seconds)
        ]
        loader = it.write(live.live(loud, it.inputs), seconds)
        carts, orders = live.shoppers(room.pick, [f"v{n}" for n in range(60)], it.inputs)
        it.write(carts, seconds / 3)
        it.write(orders, seconds / 3)
        loader.finish()
        report = it.conclude(copies=False, until=last(it))
        return [report]


@case("data")
def many_visitors(room: Room) -> list[Report]:
    """Very many visitors come once each. Their state is small, and forgotten after 30 days."""
    count = room.times(20_000, 300_000)
    start = 1772452800000
    lines = [
        json.dumps(
            {"t": start + n * 100, "id": "e", "type": "page.viewed", "visitor": f"m{n}"}
        ).encode()
        for n in range(count)
    ]
    later = start + count * 100 + 31 * 86_400_000
    lines.append(
        json.dumps({"t": later, "id": "e", "type": "page.viewed", "visitor": "last"}).encode()
    )
    with room.scene() as it:
        it.load(lines, seconds=room.times(5, 60))
        worker = it.workers.add()
        it.workers.until_ready()
        it.fault(f"{count} visitors once each")
        busy = "Thread keepalive"  # all are forgotten at one moment, which takes seconds
        report: Report = it.conclude(rss=900 * MB, within=300, passed=[busy])
        report.notes["worker"] = worker.slot
        return [report]
