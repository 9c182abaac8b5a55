"""The keys stage in real workers: what it forwards, when its time is announced, and that it survives a restart."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from kafka import KafkaProducer

from agents.config.settings import Settings
from agents.kafka import cluster_admin
from agents.kafka.partitioner import partition_of
from agents.kafka.topics import CLAIMS, FACTS
from stream import recipes_file
from stream.state import claims
from stream.state.claims import AnyClaim, Bound, OrderClaim
from tests.faults import raw
from tests.faults.workers import Workers
from tests.integration.replaying import environ

PARTITIONS, CLAIMS_PARTITIONS = 2, 3
KEY, ANNA, BERTA, TILL = "cart:k1", "customer:anna", "customer:berta", "visitor:~cart:k1"
AHEAD_MS = 4_000
"""Claims are this far ahead of the clock, so that no watermark has passed them when workers read them. Each costs this time."""

ORDERS = 3
WITHIN_S = 120.0
"""Seconds. The next round would be far later."""


class Found(NamedTuple):
    """A fact, and the watermark record of the keys stage that covers its time in its partition."""

    row: raw.Row
    keys: raw.Row
    fact: dict[str, Any]


class Shop:
    """Workers with claims that are written by hand."""

    def __init__(self, broker: str, prefix: str, delivery: str, folder: Path) -> None:
        self._settings = Settings(kafka=tuple(broker.split(",")), prefix=prefix)
        self._more = {**environ(self._settings), "TRIGGERS_DELIVERY": delivery}
        self._folder = folder
        self._n = 0
        self._producer = KafkaProducer(bootstrap_servers=list(self._settings.kafka), acks="all")
        with cluster_admin.connected(self._settings) as admin:
            counts = PARTITIONS, PARTITIONS, CLAIMS_PARTITIONS
            cluster_admin.create(admin, self._settings, recipes_file.DEFAULT.names, *counts)

    @contextmanager
    def workers(self) -> Iterator[Workers]:
        """Two workers, whose keys stage announces nothing in its rounds."""
        with Workers(self._more, self._folder) as workers:
            workers.add_two("no_round_of_keys")
            yield workers
            workers.stop()
            assert not [each for each in workers.exits if each.code], workers.logs()

    def claim(self, make: Callable[..., AnyClaim], person: str, **body: Any) -> int:
        """Writes a claim. Returns its time, which is in the future."""
        self._n += 1
        at = int(time.time() * 1000) + AHEAD_MS
        claim = make(at=at, visitor="v", n=self._n, key=KEY, person=person, **body)
        key = KEY.encode()
        partition = partition_of(key, CLAIMS_PARTITIONS)
        name = self._settings.topic(CLAIMS)
        self._producer.send(name, claims.encode(claim), key, partition=partition)
        self._producer.flush()
        return at

    def close(self) -> None:
        self._producer.close()

    def fact(self, at: int) -> Found:
        """The fact of this time, once the people stage may apply it."""
        limit = time.monotonic() + WITHIN_S
        while (found := self._found(at)) is None:
            assert time.monotonic() < limit, "nothing came"
            time.sleep(0.2)
        return found

    def _found(self, at: int) -> Found | None:
        rows = raw.packed(self._settings, FACTS, committed=True)
        told = [(row, json.loads(row.value or b"")) for row in rows]
        facts = [(row, fact) for row, fact in told if fact.get("at") == at]
        if not facts:
            return None
        ((row, fact),) = facts
        here = [(mark, each) for mark, each in told if mark.partition == row.partition]
        keys = _passing(here, partition_of(KEY.encode(), CLAIMS_PARTITIONS), at)
        return Found(row, keys, fact) if keys else None


def _passing(rows: list[tuple[raw.Row, dict[str, Any]]], source: int, at: int) -> raw.Row | None:
    """The first watermark record with which a partition of the claims has passed a time."""
    for row, mark in rows:
        if mark["type"] == "mark" and mark.get("stage") == "keys":
            if mark["evidence"].get(str(source), -1) > at:
                return row
    return None


@pytest.fixture(params=["at_least_once", "exactly_once"])
def shop(
    request: pytest.FixtureRequest, broker: str, prefix: str, tmp_path: Path
) -> Iterator[Shop]:
    with closing(Shop(broker, prefix, request.param, tmp_path)) as made:
        yield made


def test_a_forwarded_order_is_vouched_for_without_a_round_and_known_after_a_restart(
    shop: Shop,
) -> None:
    with shop.workers():
        shop.claim(Bound, ANNA)
        for number in range(1, ORDERS + 1):
            found = shop.fact(shop.claim(OrderClaim, TILL, order_id=f"o{number}", cart_id="k1"))
            assert found.fact["person"] == ANNA
            assert (found.fact["type"], found.fact["visitor"]) == ("order.placed", f"~~{KEY}")
            assert found.keys.offset > found.row.offset, "a mark stands behind what it vouches for"
    with shop.workers():
        found = shop.fact(shop.claim(Bound, BERTA))
        assert found.fact["person"] == BERTA
        assert [order[0] for order in found.fact["orders"]] == ["o1", "o2", "o3"]
        assert found.fact["n"] == ORDERS
