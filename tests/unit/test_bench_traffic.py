"""The benchmark's events are what it says they are."""

import json
from collections import Counter
from itertools import pairwise
from typing import get_args

import pytest

from stream.backtest import records
from stream.events.decoding import decode
from tests.bench.table import share
from tests.bench.traffic import JOURNEY, SHORT, Keys, rows, timed

VISITORS = 1_200


@pytest.mark.parametrize("keys", get_args(Keys))
def test_every_event_is_valid_and_keyed_by_its_visitor(keys):
    for row in rows(8_000, VISITORS, keys):
        event = decode(row.value)
        assert event is not None
        assert event.visitor.encode() == row.key


def test_no_event_has_another_ones_id():
    ids = [json.loads(row.value)["id"] for row in rows(5_000, VISITORS)]
    assert len(set(ids)) == len(ids)


def test_an_event_has_about_500_bytes():
    sizes = [len(row.value) for row in rows(5_000, VISITORS)]
    assert 430 < sum(sizes) / len(sizes) < 550


def test_most_events_are_views_and_one_visit_in_six_has_a_cart():
    types: Counter[str] = Counter()
    visits, with_cart = set(), set()
    seen: Counter[bytes] = Counter()
    for row in rows(10 * JOURNEY * VISITORS // 10, VISITORS):
        type = json.loads(row.value)["type"]
        visit = row.key, seen[row.key] // JOURNEY
        seen[row.key] += 1
        types[type] += 1
        visits.add(visit)
        if type.startswith("cart."):
            with_cart.add(visit)
    views = sum(number for type, number in types.items() if type.endswith(".viewed"))
    assert views > types.total() / 2
    assert 0.12 < len(with_cart) / len(visits) < 0.2


def test_one_visitor_in_four_is_known():
    known = {
        row.key: "customer" in json.loads(row.value)
        for row in rows(VISITORS, VISITORS, each_first=True)
    }
    assert len(known) == VISITORS
    assert 0.2 < sum(known.values()) / VISITORS < 0.3


def test_half_of_all_hot_events_come_from_one_visitor_in_a_hundred():
    counts = Counter(row.key for row in rows(20_000, VISITORS, "hot"))
    hottest = sum(number for _, number in counts.most_common(VISITORS // 100))
    assert 0.45 < hottest / 20_000 < 0.6


def test_shoppers_leave_and_return_in_visits():
    times: dict[bytes, list[int]] = {}
    for row in rows(60_000, VISITORS, "visits"):
        times.setdefault(row.key, []).append(row.time)
    gaps = [b - a for each in times.values() for a, b in pairwise(each)]
    assert max(gaps) > 30 * 60_000
    assert len(times) == VISITORS


def test_a_timed_row_is_a_line_of_a_backtest():
    found = list(rows(1_000, 50, "visits"))
    lines = list(records(timed(row) for row in found))
    assert [(time, key) for _, time, key, _ in lines] == [(row.time, row.key) for row in found]


def test_the_same_seed_makes_the_same_events():
    assert list(rows(500, 50)) == list(rows(500, 50))
    assert list(rows(500, 50)) != list(rows(500, 50, seed=2))


def test_a_quantile_is_the_least_value_that_its_share_does_not_exceed():
    values = list(range(1, 1001))
    assert [share(values, part) for part in (0.5, 0.99, 0.999, 1)] == [500, 990, 999, 1000]
    assert share([7], 0.999) == 7


def test_every_visit_that_ends_has_eight_events_and_then_a_pause_of_more_than_half_an_hour():
    last: dict[bytes, int] = {}
    sizes: Counter[bytes] = Counter()
    ended: Counter[int] = Counter()
    for row in rows(30_000, VISITORS, "ending"):
        if row.time - last.get(row.key, row.time) >= 30 * 60_000:
            ended[sizes.pop(row.key)] += 1
        last[row.key] = row.time
        sizes[row.key] += 1
    assert ended[SHORT] / ended.total() > 0.9
