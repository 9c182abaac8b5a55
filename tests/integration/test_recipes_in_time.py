"""A document that comes into force in the middle of traffic, with faults around that moment.

What was done some minutes before is written with times of its own; then workers start, and the rest happens in real time.
What they decide is what a backtest decides of the log with the same documents. Decisions carry the version of their recipe:
each shows which document decided it.
"""

import json
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaProducer

from agents.__main__ import main
from agents.config.settings import Settings
from agents.demo.workers import WorkerProcesses, _get
from agents.kafka import cluster_admin
from agents.kafka.topics import EVENTS, RECIPES
from agents.published import in_force
from agents.published.published_document import NOTICE, PublishedDocument, read
from agents.simulator import publish, traffic
from stream import backtest, recipes_file
from tests.faults import oracle, raw
from tests.integration import replaying
from tests.integration.replaying import environ, missing, until
from tests.integration.test_live import event, moment, values, write
from tests.integration.test_live_equals_backtest import DAY, START
from tests.integration.test_topics_on_a_broker import alter

SHOPPERS, PAUSE_S, LASTS_S = 75, 0.25, 50.0
"""A reminder of a cart each second from 5 s after the start on: workers that take half a minute to start decide some before
the second document, and some after it."""

CART: dict[str, Any] = {"name": "cart-abandonment", "reach": "any", "cooldown": 0}
EXIT: dict[str, Any] = {"name": "exit-intent", "cooldown": 0}
FILE = {"policy": {"caps": []}, "recipes": [{**CART, "steps": ["365s", "1d"]}, EXIT]}
SECOND = {
    "policy": {"caps": []},
    "recipes": [
        {**CART, "steps": ["385s", "395s"], "version": 2},
        {**EXIT, "version": 2},
        {**CART, "name": "win-back", "kind": "browse-abandonment", "steps": ["390s"], "version": 2},
    ],
}
BAD = b'{"document": {"recipes": [{"name": "x", "kind": "nothing"}]}, "from": null}'
OUTPUTS = ("triggers.cart-abandonment", "triggers.exit-intent", "triggers.decisions")


class Shop:
    """Topics with earlier events, and continuing traffic."""

    def __init__(self, broker: str, prefix: str, folder: Path) -> None:
        self.file = folder / "recipes.json"
        self.file.write_text(json.dumps(FILE))
        self.second = folder / "second.json"
        self.second.write_text(json.dumps(SECOND))
        self.settings = Settings(
            kafka=tuple(broker.split(",")),
            prefix=prefix,
            group=f"{prefix}triggers",
            recipes=self.file,
        )
        names = recipes_file.load(json.dumps(FILE)).names
        with cluster_admin.connected(self.settings) as admin:
            cluster_admin.create(admin, self.settings, names, 4, 3)
            events = self.settings.topic(EVENTS)
            alter(admin, events, message_timestamp_type="CreateTime")
            self._past(int(time.time() * 1000))
            alter(admin, events, message_timestamp_type="LogAppendTime")
        self._number, self._turn = 1_000, 0
        self._producer = KafkaProducer(bootstrap_servers=list(self.settings.kafka), acks="all")

    def _past(self, now: int) -> None:
        """Carts that were left 360 s ago and a little later."""
        item = {"product_id": "lamp", "quantity": 1, "price": 40}
        doings = [
            (at, {"type": kind, "visitor": f"left-{number}", **more})
            for number in range(SHOPPERS)
            for at, kind, more in (
                (now - 361_000 + 1_000 * number, "product.viewed", {"product": {"id": "lamp"}}),
                (now - 360_000 + 1_000 * number, "cart.item_added", {"item": item}),
            )
        ]
        doings.sort(key=lambda each: each[0])
        write(self.settings, [event(n, what, at) for n, (at, what) in enumerate(doings)])

    def send(self, **what: Any) -> None:
        key, value, _ = event(self._number, what)
        self._number += 1
        self._producer.send(self.settings.topic(EVENTS), value, key)

    def traffic(self, seconds: float, meanwhile: Iterator[None]) -> None:
        """Visitors view a product, and send an exit signal too soon and again later; `meanwhile` advances by a
        step with each."""
        ends, turn = time.monotonic() + seconds, self._turn
        while time.monotonic() < ends:
            self.send(type="product.viewed", product={"id": f"p{turn}"}, visitor=f"going-{turn}")
            for back in (2, int(11 / PAUSE_S)):
                if turn - back >= self._turn:
                    visitor = f"going-{turn - back}"
                    self.send(type="exit.signal", signal="close_shortcut", visitor=visitor)
            self._producer.flush()
            next(meanwhile, None)
            turn += 1
            time.sleep(PAUSE_S)
        self._turn = turn

    def publish(self, value: bytes, **options: Any) -> PublishedDocument:
        """Publishes a record as another program would."""
        producer = KafkaProducer(bootstrap_servers=list(self.settings.kafka), **options)
        found = producer.send(self.settings.topic(RECIPES), value, partition=0).get(30)
        producer.close()
        return read(found.offset, found.timestamp, value)

    def documents(self) -> list[PublishedDocument]:
        rows = raw.Tail(self.settings, [RECIPES], committed=True).read()
        return [read(row.offset, row.time, row.value) for row in rows]


@pytest.fixture
def shop(broker: str, prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    made = Shop(broker, prefix, tmp_path)
    for name, value in environ(made.settings).items():
        monkeypatch.setenv(name, value)
    return made


Disturbing = Callable[[Shop, WorkerProcesses], Iterator[None]]


def published(shop: Shop) -> Iterator[int]:
    """Publishes the second document after five seconds, and gives F until it has come."""
    began = time.monotonic()
    while time.monotonic() - began < 5:
        yield 0
    assert main(["recipes", "publish", str(shop.second), "--by", "anna", "--note", "later"]) == 0
    since = shop.documents()[-1].since
    while time.time() * 1000 < since:
        yield since


def nothing(shop: Shop, workers: WorkerProcesses) -> Iterator[None]:
    for _ in published(shop):
        yield


def killed(shop: Shop, workers: WorkerProcesses) -> Iterator[None]:
    """Kills one worker half a second before the moment, and starts another one after it."""
    for since in published(shop):
        yield
        if since and time.time() * 1000 > since - 500:
            break
    worker = workers._processes.pop(0)
    workers.ports.pop(0)
    worker.kill()
    worker.wait()
    for _ in range(12):
        yield
    workers._start(3)


def frozen(shop: Shop, workers: WorkerProcesses) -> Iterator[None]:
    """Freezes one worker from before the publication until after the moment, so it has not read the document."""
    os.kill(workers._processes[0].pid, signal.SIGSTOP)
    for _ in published(shop):
        yield
    for _ in range(4):
        yield
    os.kill(workers._processes[0].pid, signal.SIGCONT)


def held(shop: Shop, workers: WorkerProcesses) -> Iterator[None]:
    """The document is behind a transaction that stays open until after its moment, so it cannot be read."""
    for _ in range(int(5 / PAUSE_S)):
        yield
    producer = KafkaProducer(
        bootstrap_servers=list(shop.settings.kafka),
        transactional_id=f"{shop.settings.prefix}open",
        transaction_timeout_ms=60_000,
    )
    producer.init_transactions()
    producer.begin_transaction()
    value = json.dumps({"document": SECOND, "by": "anna", "note": "behind it"}).encode()
    at = producer.send(shop.settings.topic(RECIPES), value, partition=0).get(30).timestamp
    while time.time() * 1000 < at + NOTICE + 4_000:
        yield
    with raw.Tail(shop.settings, ["triggers.decisions"]) as outputs:
        assert max(moment(row.value or b"") for row in outputs.read()) < at + NOTICE
    producer.commit_transaction()
    producer.close()


@pytest.mark.parametrize(
    "disturb",
    [
        killed,
        pytest.param(nothing, marks=pytest.mark.slow),
        pytest.param(frozen, marks=pytest.mark.slow),
        pytest.param(held, marks=pytest.mark.slow),
    ],
    ids=lambda each: each.__name__,
)
def test_live_decides_what_a_backtest_decides_with_the_same_documents(
    shop: Shop, tmp_path: Path, disturb: Disturbing, capsys: pytest.CaptureFixture[str]
) -> None:
    """`explain` names the document that decided."""
    more = {"TRIGGERS_SESSION_MS": "30000"} if disturb is frozen else {}
    with (
        WorkerProcesses(2, environ(shop.settings) | more, tmp_path) as workers,
        raw.Tail(shop.settings, [EVENTS]) as log,
        raw.Tail(shop.settings, OUTPUTS) as outputs,
    ):
        workers.wait()
        shop.traffic(LASTS_S, disturb(shop, workers))
        judged = max(row.time for row in log.read())
        history = in_force.history(recipes_file.load(json.dumps(FILE)), shop.documents())
        lines = [line for _, line in oracle.lines(log.rows, live=True)]
        must = {v for each in backtest.decide(lines, history) for v in each if moment(v) <= judged}
        shop.send(type="activity.pinged", visitor="last")
        shop._producer.flush()
        until(lambda: must <= values(outputs.read(), judged), workers)
    assert values(outputs.rows, judged) == must
    capsys.readouterr()
    by_second = next(
        decision["person"]
        for decision in map(json.loads, sorted(must))
        if decision.get("version") == 2 and "outcome" in decision
    )
    assert main(["explain", by_second]) == 0
    assert "Decided by the document by anna in force since " in capsys.readouterr().out
    versions = Counter(
        (decision["recipe"], decision["version"])
        for decision in map(json.loads, must)
        if "recipe" in decision
    )
    assert all(
        versions[name, version]
        for name in ("cart-abandonment", "exit-intent")
        for version in (1, 2)
    ), versions


def in_force_of(workers: WorkerProcesses) -> list[dict[str, float]]:
    """Each worker's metrics of documents."""
    found = []
    for port in workers.ports:
        while (text := _get(port, "metrics")) is None:
            workers.check()
        lines = text.splitlines()
        pairs = [line.split(" ") for line in lines if line.startswith("triggers_recipes_")]
        found.append({name: float(value) for name, value in pairs})
    return found


def test_a_bad_document_is_ignored_with_an_alarm_and_a_good_one_ends_it(
    shop: Shop, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with WorkerProcesses(2, environ(shop.settings), tmp_path) as workers:
        workers.wait()
        bad = shop.publish(BAD)
        assert bad.recipes is None
        until(lambda: all(w["triggers_recipes_refused"] for w in in_force_of(workers)), workers)
        found = in_force_of(workers)
        assert [each["triggers_recipes_refused"] for each in found] == [1, 1]
        assert [each["triggers_recipes_offset"] for each in found] == [-1, -1]
        capsys.readouterr()
        assert main(["recipes", "list"]) == 0
        assert "refused: document.recipes[0].kind" in capsys.readouterr().out
        assert main(["recipes", "publish", str(shop.second)]) == 0
        good = shop.documents()[-1]
        until(
            lambda: all(w["triggers_recipes_offset"] == good.offset for w in in_force_of(workers)),
            workers,
        )
        for each in in_force_of(workers):
            assert each["triggers_recipes_refused"] == 0
            assert each["triggers_recipes_since_timestamp_seconds"] == good.since / 1000
            assert each["triggers_recipes_unread_records"] == 0
            assert each["triggers_recipes_topics_missing"] == 0


@pytest.mark.slow
def test_a_trigger_waits_until_its_topic_exists(
    shop: Shop, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A program published a document without creating its topic. `topics` creates it, and nothing is lost."""
    document = {
        "policy": {"caps": []},
        "recipes": [{**EXIT, "name": "stay", "kind": "exit-intent"}],
    }
    with WorkerProcesses(1, environ(shop.settings), tmp_path) as workers:
        workers.wait()
        since = shop.publish(json.dumps({"document": document}).encode()).since
        until(lambda: in_force_of(workers)[0]["triggers_recipes_topics_missing"] == 1, workers)
        time.sleep(max(0, since / 1000 - time.time()))
        shop.traffic(15, iter(()))
        time.sleep(10)
        assert main(["topics"]) == 0
        assert f"made {shop.settings.topic('triggers.stay')}\n" in capsys.readouterr().out
        with raw.Tail(shop.settings, ["triggers.stay", "triggers.decisions"]) as outputs:

            def fired(topic: str) -> set[str]:
                values = [
                    json.loads(row.value or b"") for row in outputs.rows if row.topic == topic
                ]
                data = [value.get("data", value) for value in values]
                return {
                    each["trigger_id"]
                    for each in data
                    if each["recipe"] == "stay" and each.get("outcome", "fired") == "fired"
                }

            until(lambda: bool(outputs.read()) and len(fired("triggers.stay")) > 3, workers)
            time.sleep(3)
            outputs.read()
            assert fired("triggers.stay") == fired("triggers.decisions")
            until(lambda: in_force_of(workers)[0]["triggers_recipes_topics_missing"] == 0, workers)
        assert in_force_of(workers)[0]["triggers_recipes_topics_missing"] == 0


def test_documents_are_published_listed_compared_and_reverted(
    shop: Shop, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def said(*given: str) -> str:
        capsys.readouterr()
        assert main(["recipes", *given]) == 0
        return capsys.readouterr().out

    assert said("list") == f"nothing is published; in force: {shop.file}\n"
    printed = said("publish", str(shop.second), "--by", "anna", "--note", "two reminders")
    first = shop.documents()[0]
    assert f"made {shop.settings.topic('triggers.win-back')}\n" in printed
    assert "document 1 is in force from" in printed
    assert str(first.since) in printed
    assert first.since == first.appended + NOTICE
    assert "cart-abandonment: step 1 moves from 365s to 385s" in said("diff", "0", "1")
    assert said("diff", "1", str(shop.second)) == "they decide alike\n"
    said("publish", str(shop.file), "--from", "+1d", "--note", "one again")
    assert [row["state"] for row in json.loads(said("list", "--json"))][1] == "coming"
    time.sleep(max(0, first.since / 1000 - time.time()) + 0.2)
    assert said("show").startswith("# document 1, in force, from ")
    shown = tmp_path / "shown.yaml"
    shown.write_text(said("show", "1"))
    assert said("diff", "1", str(shown)) == "they decide alike\n"
    reverted = said("revert", "--note", "too much")
    assert "document 3 is in force from" in reverted
    assert "document 2 replaces it at" in reverted
    assert said("diff", "0", "3") == "they decide alike\n"
    rows = json.loads(said("list", "--json"))
    assert [row["note"] for row in rows] == [
        "two reminders",
        "one again",
        "back to document 0: too much",
    ]
    said("export", str(tmp_path / "history.json"))
    history = json.loads((tmp_path / "history.json").read_text())["history"]
    assert [document.get("from") for document in history] == [
        None,
        *(row["since"] for row in sorted(rows, key=lambda row: int(row["since"]))),
    ]


def test_a_topic_without_documents_leaves_the_file_in_force(shop: Shop, tmp_path: Path) -> None:
    with WorkerProcesses(1, environ(shop.settings), tmp_path) as workers:
        workers.wait()
        [found] = in_force_of(workers)
    assert found["triggers_recipes_offset"] == -1
    assert found["triggers_recipes_since_timestamp_seconds"] == 0


HISTORY: dict[str, Any] = {
    "history": [
        {"recipes": [{"name": "cart-abandonment"}, {"name": "exit-intent"}]},
        {
            "recipes": [
                {"name": "cart-abandonment", "steps": ["20m", "2h"], "version": 2},
                {"name": "win-back", "kind": "browse-abandonment", "steps": ["40m"]},
            ],
            "from": START + 9 * 3_600_000,
            "by": "anna",
        },
        {"recipes": [{"name": "exit-intent", "version": 3}], "from": START + 15 * 3_600_000},
    ]
}


@pytest.mark.parametrize("workers_first", [True, False])
def test_a_history_is_replayed_as_a_backtest_decides_it(
    broker: str,
    prefix: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    workers_first: bool,
) -> None:
    """Also by workers that start before the events: the documents come first."""
    events, file = tmp_path / "events.jsonl", tmp_path / "history.json"
    lines = [line.rstrip(b"\n") for line in publish.lines(traffic.day(5, 80, START, DAY))]
    events.write_bytes(b"\n".join(lines) + b"\n")
    file.write_text(json.dumps(HISTORY))
    history = recipes_file.load_history(file.read_text())
    settings = replaying.settings_of(broker, prefix)
    for name, value in environ(settings).items():
        monkeypatch.setenv(name, value)
    replaying.make_topics(settings, recipes_file.DEFAULT, 4, 3)
    load = ["load", str(events), "--recipes", str(file)]
    if not workers_first:
        assert main(load) == 0
    names = ("cart-abandonment", "win-back", "exit-intent")
    every = recipes_file.load(
        json.dumps({"recipes": [{"name": n, "kind": "exit-intent"} for n in names]})
    )
    expected = replaying.backtest(lines, history, 4)
    with WorkerProcesses(2, environ(settings), tmp_path) as workers:
        workers.wait()
        if workers_first:
            assert main(load) == 0
        until(lambda: not missing(expected, replaying.read(settings, every)), workers)
    found = replaying.read(settings, every)
    assert missing(expected, found) == []
    assert missing(found, expected) == []
    decided = {(d["recipe"], d["version"]) for d in map(json.loads, found.decisions)}
    assert {
        ("exit-intent", 1),
        ("cart-abandonment", 2),
        ("win-back", 1),
        ("exit-intent", 3),
    } <= decided


def test_a_second_history_is_not_loaded(
    broker: str,
    prefix: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A document cannot be published into a replay."""
    file, events = tmp_path / "history.json", tmp_path / "events.jsonl"
    file.write_text(json.dumps(HISTORY))
    events.write_text("")
    settings = replaying.settings_of(broker, prefix)
    for name, value in environ(settings).items():
        monkeypatch.setenv(name, value)
    replaying.make_topics(settings, recipes_file.DEFAULT, 1, 1)
    assert main(["load", str(events), "--recipes", str(file)]) == 0
    assert main(["load", str(events), "--recipes", str(file)]) == 1
    assert "recipes is not empty: a replay needs new topics" in capsys.readouterr().err
    (tmp_path / "one.json").write_text("{}")
    assert main(["recipes", "publish", str(tmp_path / "one.json")]) == 2
    assert "expected TRIGGERS_TIME=append" in capsys.readouterr().err
