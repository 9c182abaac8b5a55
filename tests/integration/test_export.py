"""A topic exported to a file: a backtest of the file decides what workers decided on the topic.

The command runs as a process of its own, as it does for a user.
"""

import asyncio
import gzip
import json
import os
import pty
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from kafka import KafkaProducer

from agents.config.settings import Settings
from agents.demo.workers import WorkerProcesses
from agents.kafka import cluster_admin
from agents.kafka.topics import EVENTS
from stream import recipes_file as files
from stream.backtest import decide, run
from tests.faults.logs import worlds
from tests.integration import replaying
from tests.integration.test_live import NO_EVENTS
from tests.integration.test_live_equals_backtest import SHOP_DAY
from tests.reference import generate

PARTITIONS = 4
SECOND = 1_000
MINUTE = 60 * SECOND
T = 1_767_571_200_000
VISIT_S = 11
"""A visit that ends sooner has no exit candidate."""


def export(settings: Settings, file: Path, *options: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, **replaying.environ(settings)}
    return subprocess.run(
        [sys.executable, "-m", "agents", "export", str(file), *options],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )


def exported(settings: Settings, file: Path, *options: str) -> list[bytes]:
    done = export(settings, file, *options)
    assert done.returncode == 0, done.stderr
    assert done.stderr == "", "a bar is for terminals"
    data = file.read_bytes()
    return (gzip.decompress(data) if file.suffix == ".gz" else data).splitlines()


def times(lines: Sequence[bytes]) -> list[int]:
    return [json.loads(line)["t"] for line in lines]


def decided(lines: Sequence[bytes], recipes: Any = files.DEFAULT) -> replaying.Found:
    """The outputs of a backtest. Of rejected lines only the number."""
    found = replaying.nothing()
    for out in run(lines, recipes):
        found.triggers.update(value for _, _, value in out.triggers)
        found.decisions.update(value for _, value in out.decisions)
        found.rejected[0, 0] += len(out.rejected)
    return found


def together() -> list[bytes]:
    """A shop's day with bursts: hundreds of events have the same time, in every partition."""
    return [
        json.dumps({**json.loads(line), "t": json.loads(line)["t"] // 900_000 * 900_000}).encode()
        if line.startswith(b'{"t":')
        else line
        for line in SHOP_DAY
    ]


def test_live_workers_and_a_backtest_of_the_export_decide_alike(
    broker: str, prefix: str, tmp_path: Path
) -> None:
    given = together()
    assert max(Counter(times([x for x in given if x.startswith(b'{"t"')])).values()) > 50
    _, live = replaying.play(broker, prefix, given, files.DEFAULT, tmp_path, partitions=PARTITIONS)
    settings = replaying.settings_of(broker, prefix)
    lines = exported(settings, tmp_path / "day.jsonl.gz")
    found = decided(lines)
    assert sum(found.triggers.values()) > 30
    assert (found.triggers, found.decisions) == (live.triggers, live.decisions)
    assert found.rejected[0, 0] == sum(live.rejected.values()) > 0
    assert times(lines) == sorted(times(lines))


@pytest.mark.slow
@pytest.mark.parametrize("seed", [5, 17])
def test_an_adversarial_log_gives_the_same_from_its_export(
    broker: str, prefix: str, tmp_path: Path, seed: int
) -> None:
    file = tmp_path / "recipes.json"
    file.write_text(json.dumps(generate.recipes(seed)))
    recipes = files.load(file.read_text())
    _, live = replaying.play(
        broker, prefix, worlds(seed, 20), recipes, tmp_path, partitions=PARTITIONS, file=file
    )
    lines = exported(replaying.settings_of(broker, prefix, file), tmp_path / "log.jsonl")
    found = decided(lines, recipes)
    assert (found.triggers, found.decisions) == (live.triggers, live.decisions)
    assert found.rejected[0, 0] == sum(live.rejected.values()) > 0


def made(
    broker: str, prefix: str, lines: Sequence[bytes], partitions: int = PARTITIONS
) -> Settings:
    """The settings of a replay whose topic has these lines."""
    settings = replaying.settings_of(broker, prefix)
    replaying.make_topics(settings, files.DEFAULT, partitions, partitions)
    replaying.write(settings, lines, partitions)
    return settings


def test_a_file_that_was_loaded_is_exported_again_line_for_line(
    broker: str, prefix: str, tmp_path: Path
) -> None:
    given = [line for line in SHOP_DAY[:3000] if line.startswith(b'{"t":')]
    lines = exported(made(broker, prefix, given), tmp_path / "again.jsonl")
    assert sorted(lines) == sorted(given)
    assert decide(lines, files.DEFAULT) == decide(given, files.DEFAULT)


def test_the_same_topic_gives_the_same_file(broker: str, prefix: str, tmp_path: Path) -> None:
    settings = made(broker, prefix, together()[:2000])
    for name in ("one.jsonl.gz", "two.jsonl.gz"):
        exported(settings, tmp_path / name)
    assert (tmp_path / "one.jsonl.gz").read_bytes() == (tmp_path / "two.jsonl.gz").read_bytes()


def test_live_records_that_are_not_events_are_rejected_again(
    broker: str, prefix: str, tmp_path: Path
) -> None:
    """Exit signals are decided at once, so a live run does not take half an hour."""
    settings = Settings(kafka=tuple(broker.split(",")), prefix=prefix, group=f"{prefix}triggers")
    with cluster_admin.connected(settings) as admin:
        cluster_admin.create(admin, settings, files.DEFAULT.names, PARTITIONS)
    looking = {"type": "product.viewed", "product": {"id": "sofa"}}
    leaving = {"type": "exit.signal", "signal": "close_shortcut"}
    producer = KafkaProducer(bootstrap_servers=list(settings.kafka), acks="all")
    for kind in (looking, leaving):
        for n in range(20):
            value = {"id": f"{kind['type']}-{n}", **kind, "visitor": f"v{n}"}
            producer.send(settings.topic(EVENTS), json.dumps(value).encode(), f"v{n}".encode())
        for key, no_event, _, _ in NO_EVENTS:
            producer.send(settings.topic(EVENTS), no_event, key)
        producer.flush()
        time.sleep(VISIT_S if kind is looking else 0)
    producer.close()
    with WorkerProcesses(2, replaying.environ(settings), tmp_path) as workers:
        replaying.until(
            lambda: len(replaying.read(settings, files.DEFAULT).decisions) >= 20, workers
        )
    live = replaying.read(settings, files.DEFAULT)
    found = decided(exported(settings, tmp_path / "live.jsonl"))
    exits = {each for each in found.decisions if b'"recipe":"exit-intent"' in each}
    assert exits == set(live.decisions)
    assert len(exits) == 20
    assert {each for each in found.triggers if b'"/triggers/exit-intent"' in each} == set(
        live.triggers
    )
    assert len(live.triggers) == 20
    assert found.rejected[0, 0] == 2 * len(NO_EVENTS) == sum(live.rejected.values())


def test_two_times_bound_what_is_exported(broker: str, prefix: str, tmp_path: Path) -> None:
    given = [line for line in SHOP_DAY[:6000] if line.startswith(b'{"t":')]
    settings = made(broker, prefix, given)
    middle, end = times(given)[len(given) // 4], times(given)[len(given) // 2]
    lines = exported(settings, tmp_path / "part.jsonl", "--from", str(middle), "--to", str(end))
    assert sorted(lines) == sorted(x for x in given if middle <= json.loads(x)["t"] < end)


def test_the_printed_offsets_give_the_same_file(broker: str, prefix: str, tmp_path: Path) -> None:
    settings = made(broker, prefix, SHOP_DAY[:4000])
    done = export(settings, tmp_path / "a.jsonl", "--to", str(times(SHOP_DAY[:9])[0] + 3_600_000))
    told = done.stdout.splitlines()[-1].split()
    assert told[::2] == ["--from", "--to"]
    assert len(told[1].split(",")) == PARTITIONS
    exported(settings, tmp_path / "b.jsonl", *told)
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "b.jsonl").read_bytes()
    assert (tmp_path / "a.jsonl").stat().st_size > 0


def story() -> list[bytes]:
    """Anna's phone and laptop, an order that only her cart's id joins to her, and other shoppers."""
    minute = iter(range(0, 10_000))

    def event(visitor: str | None, kind: str, **more: object) -> bytes:
        n = next(minute)
        whose = {"visitor": visitor} if visitor else {}
        told = {"t": T + n * MINUTE, "id": f"e{n}", "type": kind, **whose, **more}
        return json.dumps(told).encode()

    item = {"product_id": "lamp", "quantity": 1, "price": 40}
    lines = [
        event("phone", "cart.updated", cart={"id": "c7", "items": [item]}),
        event("phone", "visitor.identified", customer="anna", contacts=["email"]),
        event("laptop", "visitor.identified", customer="anna"),
        event("other", "cart.item_added", item=item, customer="berta"),
        event("laptop", "cart.item_added", item={**item, "product_id": "vase"}),
    ]
    for n in range(40):
        lines.append(event(f"crowd-{n}", "product.viewed", product={"id": "sofa"}))
    lines += [event(None, "order.placed", order={"id": "o1", "cart_id": "c7"})]
    lines += [event("other", "activity.pinged") for _ in range(200)]
    return lines


@pytest.fixture(scope="module")
def told(broker: str) -> Settings:
    """Of a topic with the story."""
    return made(broker, f"told{time.time_ns()}.", story())


@pytest.mark.parametrize(
    "asked", [("--person", "anna"), ("--person", "customer:anna"), ("--visitor", "phone")]
)
def test_one_persons_file_has_all_events_that_can_affect_her(
    told: Settings, tmp_path: Path, asked: tuple[str, str]
) -> None:
    given = story()
    lines = exported(told, tmp_path / "anna.jsonl", *asked)
    owners = {json.loads(line).get("visitor", "order") for line in lines}
    assert owners == {"phone", "laptop", "order"}

    def of_anna(log: Sequence[bytes]) -> list[bytes]:
        triggers, decisions = decide(log, files.DEFAULT)
        return [each for each in triggers + decisions if b"customer:anna" in each]

    assert of_anna(lines) == of_anna(given) != []
    without = [line for line in lines if b"order.placed" not in line]
    assert of_anna(without) != of_anna(given), "the order is what only her cart's id joins to her"


def test_one_person_up_to_a_past_time(told: Settings, tmp_path: Path) -> None:
    given, until = story(), str(T + 10 * MINUTE)
    lines = exported(told, tmp_path / "anna.jsonl", "--person", "anna", "--to", until)
    assert lines == [given[0], given[1], given[2], given[4]]


def test_an_unknown_person_leaves_no_file(told: Settings, tmp_path: Path) -> None:
    done = export(told, tmp_path / "who.jsonl", "--person", "nobody-here")
    assert done.returncode == 1
    assert "no event of customer:nobody-here or visitor:nobody-here" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_keeps_the_old_file(told: Settings, tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text("old")
    done = export(told, tmp_path / "log.jsonl", "--from", "9:0")
    assert done.returncode == 1
    assert "expected partitions 0 to 3 of" in done.stderr
    assert (tmp_path / "log.jsonl").read_text() == "old"
    done = export(told, tmp_path / "no-such-folder" / "log.jsonl")
    assert done.returncode == 1
    assert "No such file or directory" in done.stderr


def test_a_topic_that_does_not_exist_is_named(broker: str, prefix: str, tmp_path: Path) -> None:
    done = export(replaying.settings_of(broker, prefix), tmp_path / "log.jsonl")
    assert done.returncode == 1
    assert f"{prefix}storefront.events is missing" in done.stderr


def test_on_a_terminal_a_bar_is_shown(broker: str, prefix: str, tmp_path: Path) -> None:
    settings = made(broker, prefix, story()[:5])
    ours, theirs = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "agents", "export", str(tmp_path / "log.jsonl")],
        env={**os.environ, **replaying.environ(settings), "TERM": "xterm"},
        stdout=subprocess.PIPE,
        stderr=theirs,
        check=True,
    )
    os.close(theirs)
    shown = b""
    with suppress(OSError):  # the other end is closed
        while part := os.read(ours, 65_536):
            shown += part
    os.close(ours)
    assert b"writing" in shown
    assert b"100%" in shown
    assert done.stdout.startswith(b"5 events and 0 rejected records")


def test_aborted_transactions_are_not_exported(broker: str, prefix: str, tmp_path: Path) -> None:
    settings = made(broker, prefix, story()[:5])

    async def write() -> None:
        producer = AIOKafkaProducer(bootstrap_servers=broker, transactional_id=f"{prefix}x")
        await producer.start()
        for name, commit in (("gone", False), ("kept", True)):
            await producer.begin_transaction()
            value = json.dumps({"id": name, "type": "activity.pinged", "visitor": name}).encode()
            await producer.send_and_wait(settings.topic(EVENTS), value, name.encode(), 0)
            await (producer.commit_transaction() if commit else producer.abort_transaction())
        await producer.stop()

    asyncio.run(write())
    lines = exported(settings, tmp_path / "log.jsonl")
    assert {json.loads(line)["id"] for line in lines} == {*(f"e{n}" for n in range(5)), "kept"}
