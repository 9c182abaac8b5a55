"""A person erased on a real broker, in a real Redis and in a sender's file: afterwards no data names them.

The names have letters that occur nowhere else, so a search of all bytes finds any remaining data.
"""

import asyncio
import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaProducer
from kafka.admin import ConfigResource, ConfigResourceType
from redis import Redis

from agents.__main__ import main
from agents.config.settings import Settings
from agents.demo.workers import WorkerProcesses
from agents.erasure.states import COMPACTED
from agents.kafka import cluster_admin
from agents.kafka.topics import EVENTS, STATE_PEOPLE
from agents.view.redis_client import Link
from agents.view.writer import Writer
from stream import recipes_file
from stream.store import packing
from tests.faults import raw
from tests.integration import viewing
from tests.integration.hostile import Endpoint
from tests.integration.replaying import environ, missing, play, settings_of, until
from tests.integration.sending import sender
from tests.integration.test_topics_on_a_broker import alter
from tests.reference import generate
from tests.reference.generate_erasures import with_erasures

pytestmark = pytest.mark.slow  # it waits until brokers have compacted

MINUTE = 60_000
CHECKPOINT_S = 2.5
"""After this every stage has written its states. A tombstone is removed by the second cleaning of a log."""
ANNA, HER_PHONE, HER_LAPTOP, HER_KEY = "annaqx", "phoneqx", "laptopqx", "keyqx" + "0" * 16
HERS = (ANNA, HER_PHONE, HER_LAPTOP, HER_KEY)
BERT = "bertqy"
RECIPES = """
recipes:
- {name: cart-abandonment}
audiences:
- {name: visitors, members: {visits: {min: 1}}}
"""


class Shop:
    """A shop whose topics have the records' own time, so that hours pass at once."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.began = int(time.time() * 1000)
        self._numbers = iter(range(10**6))
        self._others = iter(range(1, 10**6))
        self._producer = KafkaProducer(bootstrap_servers=list(settings.kafka), acks="all")

    def close(self) -> None:
        self._producer.close()

    def tell(self, ago: float, type: str, visitor: str, **fields: Any) -> None:
        """Sends an event `ago` minutes before the start."""
        id = f"e{next(self._numbers)}"
        value = json.dumps({"id": id, "type": type, "visitor": visitor, **fields}).encode()
        self._put(ago, value, visitor.encode())

    def pass_until(self, ago: float) -> None:
        self._put(ago, b'{"type":"clock.advanced"}', None)

    def goes_on(self) -> None:
        """Sends an event of another visitor six minutes later, so that every stage has something to write."""
        number = next(self._others)
        since = (time.time() * 1000 - self.began) / MINUTE
        whose = {"customer": f"other-{number}", "keys": {"email": f"{number:016}"}}
        for type in ("visitor.identified", "page.viewed"):
            self.tell(-since - 6 * number, type, f"v-{number}", **whose)

    def _put(self, ago: float, value: bytes, key: bytes | None) -> None:
        t = self.began - int(ago * MINUTE)
        self._producer.send(self.settings.topic(EVENTS), value, key, timestamp_ms=t)
        self._producer.flush()

    def lives(self) -> None:
        """Two customers leave carts; one of them has two devices and an address."""
        cart = {"id": "c-1", "items": [{"product_id": "lamp", "quantity": 1, "price": 20}]}
        whose = {"customer": ANNA, "keys": {"email": HER_KEY}}
        self.tell(130, "visitor.identified", HER_PHONE, contacts=["email"], **whose)
        self.tell(129, "cart.updated", HER_PHONE, cart=cart)
        self.tell(120, "page.viewed", HER_LAPTOP, customer=ANNA)
        self.tell(118, "visitor.identified", "v-bert", customer=BERT, contacts=["email"])
        self.tell(117, "cart.updated", "v-bert", cart={**cart, "id": "c-2"})
        self.pass_until(5)


@pytest.fixture
def shop(broker: str, prefix: str, redis_url: str, tmp_path: Path) -> Iterator[Shop]:
    file = tmp_path / "recipes.yaml"
    file.write_text(RECIPES)
    settings = replace(settings_of(broker, prefix, file), redis=redis_url)
    with cluster_admin.connected(settings) as admin:
        cluster_admin.create(admin, settings, ("cart-abandonment",), 1, 1)
        quick = {"log.cleaner.backoff.ms": "500"}
        for each in admin.describe_cluster()["brokers"]:
            broker_id = str(each["broker_id"])
            admin.alter_configs([ConfigResource(ConfigResourceType.BROKER, broker_id, quick)])
    with closing(Shop(settings)) as made:
        yield made


def compact_soon(settings: Settings) -> None:
    """Sets small segments that are cleaned at once. Workers have checked the topics before."""
    with cluster_admin.connected(settings) as admin:
        for name in COMPACTED:
            alter(
                admin,
                settings.topic(name),
                min_compaction_lag_ms="0",
                max_compaction_lag_ms="100",
                min_cleanable_dirty_ratio="0.01",
                segment_ms="200",
                delete_retention_ms="0",
            )


def on_topics(settings: Settings, *names: str) -> list[tuple[str, bytes | None, bytes | None]]:
    """(topic, key, value) of every remaining record. States of persons are decompressed."""
    rows = [row for name in names for row in raw.packed(settings, name)]
    return [
        (
            row.topic,
            row.key,
            packing.plain_record(row.value) if row.topic == STATE_PEOPLE and row.key else row.value,
        )
        for row in rows
    ]


def in_redis(settings: Settings) -> list[str]:
    """Everything in Redis under the prefix, keys and contents, as text."""
    found = []
    read = {"string": "get", "hash": "hgetall", "zset": "zrange"}
    with closing(Redis.from_url(settings.redis or "", decode_responses=True)) as client:
        for key in client.scan_iter(f"{settings.prefix}*", 500):
            sort = str(client.type(key))
            more = (0, -1) if sort == "zset" else ()
            found.append(f"{key} {getattr(client, read[sort])(key, *more)}")
    return found


def mentions(found: list[Any], names: tuple[str, ...]) -> list[Any]:
    return [each for each in found if any(name in repr(each) for name in names)]


def holding(settings: Settings) -> set[str]:
    """The compacted topics that name her."""
    return {topic for topic, *_ in mentions(on_topics(settings, *COMPACTED), HERS)}


def marks(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as base:
        return [id for (id,) in base.execute("select id from deliveries")]


def test_an_erased_person_leaves_nothing_and_others_keep_everything(
    shop: Shop,
    endpoint: Endpoint,
    broker: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    settings = shop.settings
    for name, value in {**environ(settings), "TRIGGERS_REDIS": settings.redis or ""}.items():
        monkeypatch.setenv(name, value)
    one = {"TRIGGERS_RECIPES": str(settings.recipes), "TRIGGERS_TIME": "record"}
    with_redis = one | {"TRIGGERS_REDIS": settings.redis or ""}
    with_file = one | {
        "TRIGGERS_SENDER_GROUP": f"{settings.prefix}other",
        "TRIGGERS_SENDER_STORE": str(tmp_path / "other.sqlite3"),
        "TRIGGERS_REDIS": "",
    }
    shop.lives()
    with (
        WorkerProcesses(1, environ(settings), tmp_path) as workers,
        sender(broker, settings.prefix, endpoint.url, tmp_path, **with_redis),
        sender(broker, settings.prefix, endpoint.url, tmp_path, **with_file),
    ):
        workers.wait()
        compact_soon(settings)
        until(lambda: len(endpoint.seen) == 4, workers)  # a trigger each, by both senders
        until(lambda: len(holding(settings)) == len(COMPACTED), workers)
        _view(settings)
        assert len(mentions(in_redis(settings), HERS)) >= 3
        sent = {json.loads(each.body)["data"]["trigger_id"]: each.body for each in endpoint.seen}
        of_anna, of_bert = sorted(sent, key=lambda id: ANNA.encode() not in sent[id])
        assert of_anna in marks(tmp_path / "other.sqlite3")

        assert main(["erase", "--customer", ANNA]) == 0
        printed = capsys.readouterr().out
        assert all(name in printed for name in HERS)
        assert BERT not in printed
        shop.goes_on()
        until(lambda: len(endpoint.seen) == 6, workers)
        cancels = [json.loads(each.body)["data"] for each in endpoint.seen[4:]]
        assert {(each["trigger_id"], each["reason"]) for each in cancels} == {(of_anna, "erased")}

        def gone() -> bool:
            """Whether the brokers have compacted everything. Other visitors' events close the segments."""
            for _ in range(5):
                shop.goes_on()
                time.sleep(CHECKPOINT_S)
            return mentions(on_topics(settings, *COMPACTED), HERS) == []

        until(gone, workers)
        assert mentions(on_topics(settings, *COMPACTED), HERS) == []
        _view(settings)
        until(lambda: mentions(in_redis(settings), (*HERS, of_anna)) == [], workers)
        assert mentions(in_redis(settings), (*HERS, of_anna)) == []
        assert marks(tmp_path / "other.sqlite3") == [of_bert]
    named = ["--customer", ANNA, "--email", HER_KEY, "--visitor", HER_PHONE]
    assert main(["erase", *named, "--check"]) == 0
    assert main(["erase", "--customer", BERT, "--check"]) == 1
    assert f"customer:{BERT}: is kept" in capsys.readouterr().out
    assert any(of_bert in each for each in in_redis(settings))
    decisions = [json.loads(v or b"") for *_, v in on_topics(settings, "triggers.decisions")]
    closed = [(each["person"], each["reason"]) for each in decisions if each["outcome"] == "closed"]
    assert closed == [(f"customer:{ANNA}", "erased")]
    erased = [json.loads(v or b"")["data"] for *_, v in on_topics(settings, "people.erased")]
    assert {each["person"] for each in erased} >= {f"customer:{ANNA}", f"email:{HER_KEY}"}


@pytest.mark.parametrize("seed", [5])
def test_workers_decide_on_erasures_what_a_backtest_decides(
    broker: str, prefix: str, tmp_path: Path, seed: int
) -> None:
    file = tmp_path / "recipes.json"
    file.write_text(json.dumps(generate.life_recipes(seed)))
    log = with_erasures(generate.life_log(seed, 300), seed)
    recipes = recipes_file.load(file.read_text())
    expected, found = play(broker, prefix, log, recipes, tmp_path, file=file)
    assert missing(expected, found) == []
    assert missing(found, expected) == [], "nobody expected these, or not so often"


def _view(settings: Settings) -> None:
    """Runs the view until it has read the log."""

    async def follow() -> None:
        assert settings.redis
        assert settings.recipes
        recipes = recipes_file.load(settings.recipes.read_text())
        made = Writer(settings, recipes, Link(settings.redis))
        task = asyncio.create_task(made.run())
        try:
            async with asyncio.timeout(viewing.WITHIN_S):
                while made.tail.behind != 0:
                    await asyncio.sleep(0.1)
        finally:
            await viewing.ended([task], [made])

    asyncio.run(follow())
