"""The same log through real workers on a real broker and through a backtest: equal byte for byte, each
trigger and each decision as often as there, which is once.

The cases cover 1, 2 and 3 workers, 1, 4 and 6 partitions of the input, the facts and the claims, each two of these
once; a shop's day and adversarial logs; the shipped recipes and files with several of a kind. All 81 layouts are
in every_layout.py.
"""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from agents.simulator import publish, traffic
from stream import recipes_file as files
from stream.recipes.recipe import Recipes
from tests.faults.logs import worlds
from tests.integration.replaying import Found, missing, play
from tests.reference import generate

START = 1_767_571_200_000
DAY = 86_400_000
SHOP_DAY = tuple(line.rstrip(b"\n") for line in publish.lines(traffic.day(1, 150, START, DAY)))


class Layout(NamedTuple):
    """Workers, and partitions of the input, the facts and the claims."""

    workers: int
    partitions: int
    facts: int
    claims: int


def compare(
    broker: str,
    prefix: str,
    folder: Path,
    lines: Sequence[bytes],
    recipes: Recipes,
    layout: Layout,
    file: Path | None = None,
) -> Found:
    """Checks that found and expected records are equal. Returns them."""
    expected, found = play(broker, prefix, lines, recipes, folder, **layout._asdict(), file=file)
    assert missing(expected, found) == []
    assert missing(found, expected) == [], "nobody expected these, or not so often"
    return found


@pytest.mark.parametrize(
    "layout", [Layout(1, 1, 1, 1), Layout(2, 4, 6, 1), Layout(3, 6, 4, 1)], ids=str
)
def test_a_shops_day_gives_live_what_it_gives_in_a_backtest(
    broker: str, prefix: str, tmp_path: Path, layout: Layout
) -> None:
    found = compare(broker, prefix, tmp_path, SHOP_DAY, files.DEFAULT, layout)
    assert len({json.loads(each)["source"] for each in found.triggers}) >= 3


@pytest.mark.slow
@pytest.mark.parametrize(
    ("seed", "layout"),
    [
        (5, Layout(1, 4, 4, 6)),
        (12, Layout(2, 1, 4, 4)),
        (17, Layout(3, 1, 6, 6)),
        (22, Layout(1, 6, 6, 4)),
        (31, Layout(2, 6, 1, 6)),
        (44, Layout(3, 4, 1, 4)),
    ],
    ids=str,
)
def test_an_adversarial_log_gives_live_what_it_gives_in_a_backtest(
    broker: str, prefix: str, tmp_path: Path, seed: int, layout: Layout
) -> None:
    document = generate.recipes(seed)
    kinds = Counter(each.get("kind", each["name"]) for each in document["recipes"])
    assert max(kinds.values()) > 1, "no kind has two recipes"
    file = tmp_path / "recipes.json"
    file.write_text(json.dumps(document))
    recipes = files.load(file.read_text())
    found = compare(broker, prefix, tmp_path, worlds(seed, 20), recipes, layout, file)
    assert found.rejected
