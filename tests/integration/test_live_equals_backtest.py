"""The same log through real workers on a real broker and through a backtest: equal byte for byte, each
trigger and each decision as often as there, which is once.

The cases cover 1, 2 and 3 workers, 1, 4 and 6 partitions of the input, and of the facts as many, more and
fewer; a shop's day and adversarial logs; the shipped recipes and files with several of a kind.
"""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

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


def compare(
    broker: str,
    prefix: str,
    folder: Path,
    lines: Sequence[bytes],
    recipes: Recipes,
    file: Path | None = None,
    *,
    workers: int,
    partitions: int,
    facts: int,
) -> Found:
    """What was expected and found alike."""
    expected, found = play(
        broker,
        prefix,
        lines,
        recipes,
        folder,
        workers=workers,
        partitions=partitions,
        facts=facts,
        file=file,
    )
    assert missing(expected, found) == []
    assert missing(found, expected) == [], "nobody expected these, or not so often"
    return found


@pytest.mark.parametrize(
    ("workers", "partitions", "facts"),
    [(1, 1, 1), (2, 4, 4), (3, 6, 2)],
)
def test_a_shops_day_gives_live_what_it_gives_in_a_backtest(
    broker: str, prefix: str, tmp_path: Path, workers: int, partitions: int, facts: int
) -> None:
    found = compare(
        broker,
        prefix,
        tmp_path,
        SHOP_DAY,
        files.DEFAULT,
        workers=workers,
        partitions=partitions,
        facts=facts,
    )
    assert len({json.loads(each)["source"] for each in found.triggers}) >= 3


@pytest.mark.slow
@pytest.mark.parametrize(
    ("seed", "workers", "partitions", "facts"), [(5, 1, 4, 6), (12, 2, 1, 4), (17, 3, 6, 6)]
)
def test_an_adversarial_log_gives_live_what_it_gives_in_a_backtest(
    broker: str,
    prefix: str,
    tmp_path: Path,
    seed: int,
    workers: int,
    partitions: int,
    facts: int,
) -> None:
    document = generate.recipes(seed)
    kinds = Counter(each.get("kind", each["name"]) for each in document["recipes"])
    assert max(kinds.values()) > 1, "no kind has two recipes"
    file = tmp_path / "recipes.json"
    file.write_text(json.dumps(document))
    found = compare(
        broker,
        prefix,
        tmp_path,
        worlds(seed, 20),
        files.load(file.read_text()),
        file,
        workers=workers,
        partitions=partitions,
        facts=facts,
    )
    assert found.rejected
