"""(j) Customers kept for 400 days: packed bytes, and a restore of many of them, in one process.

Each has had a year of 12 visits and 3 orders with lines, is in audiences of deploy/recipes.yaml and has no timers.
"""

import argparse
import gc
import json
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final

import psutil

from stream import backtest
from stream import recipes_file as files
from stream.recipes.recipe import Recipes
from stream.stages.core import Core, Handed
from stream.stages.people import People
from stream.store.changelog import Changes
from tests.bench.room import Room
from tests.bench.table import show

SMOKE: Final = "--n 500"
START: Final = 1_772_452_800_000
DAY: Final = 86_400_000
VARIED: Final = 1_000
"""Customers whose year is processed; the others are copies of them under other names."""
RECIPES: Final = Path("deploy/recipes.yaml")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--n", type=int, default=1_000_000, help="customers")


def a_year(number: int) -> Iterator[dict[str, Any]]:
    """Yields the events of one customer: a visit a month, an order in every fourth."""
    who = {"visitor": f"d5b1c9e0-4f6a-4a8e-9b1c-{number:012d}", "customer": f"{48210000 + number}"}
    begun = START + number * 61_000
    yield {"t": begun, "type": "visitor.subscribed", "channels": ["email"], **who}
    for month in range(12):
        at = begun + month * 30 * DAY + 60_000
        for look in range(3):
            view = {**_product((number + month + look) % 6), "id": f"{7000 + (number + look) % 6}"}
            yield {"t": at + look * 20_000, "type": "product.viewed", "product": view, **who}
        if month % 4 == 0:
            line = {**_product(number % 6), "product_id": f"{7000 + number % 6}", "quantity": 2}
            cart = {"id": f"cart-{number}-{month}", "items": [line]}
            yield {"t": at + 90_000, "type": "cart.updated", "cart": cart, **who}
            order = {"id": f"{number * 10 + month}", "currency": "EUR", "items": [line]}
            yield {"t": at + 150_000, "type": "order.placed", "order": order, **who}


def _product(number: int) -> dict[str, Any]:
    name = f"house-blend-{number}-1kg"
    texts = {"name": f"House blend {number}, 1 kg", "category": "coffee", "price": 19.9}
    links = {"url": f"https://shop.example/p/{name}", "image": f"https://cdn.example/{name}.jpg"}
    return texts | links


def packed(customers: int, recipes: Recipes, rests: int = 200 * DAY) -> Changes:
    """Changelog records of the people stage after these customers' years, and `rests` (ms) more."""
    events = [event for number in range(customers) for event in a_year(number)]
    events.sort(key=lambda event: int(event["t"]))
    lines = [json.dumps({"id": f"e{n}", **event}).encode() for n, event in enumerate(events)]
    core, source = Core(recipes), backtest.records(lines)
    while batch := list(islice(source, backtest.CHUNK)):
        first = Handed()
        core.visitors.process(batch, first, backtest.event, backtest.record)
        core.decided(first)
    last = Handed()
    core.visitors.advance(core.visitors.clock + rests, last)
    core.decided(last)
    return core.people.changes()


def run(args: argparse.Namespace, room: Room) -> None:
    recipes = files.load(RECIPES.read_text(), str(RECIPES))
    records = packed(min(args.n, VARIED), recipes)
    persons = [(key, value) for key, value in records if value is not None and key]
    many = [
        (key + b"/%d" % turn if turn else key, value)
        for turn in range(-(-args.n // len(persons)))
        for key, value in persons
    ][: args.n]
    sizes = sorted(len(value) for _, value in persons)
    gc.collect()
    before, began = psutil.Process().memory_info().rss, time.process_time()
    people = People(recipes, 1)
    people.restore([(key, bytes(bytearray(value))) for key, value in many])
    people.restored()
    took, after = time.process_time() - began, psutil.Process().memory_info().rss
    show(
        "Customers after a year, and a restore of their states",
        ("customers", "bytes packed, median", "largest", "restore s (CPU)", "bytes RSS each"),
        [
            (
                f"{people.keys:,}",
                f"{sizes[len(sizes) // 2]}",
                f"{sizes[-1]}",
                f"{took:.2f}",
                f"{(after - before) / len(many):.0f}",
            )
        ],
    )
    print(f"members: {dict(people.members)}")
