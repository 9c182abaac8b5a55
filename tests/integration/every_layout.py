"""Live = backtest with every layout: 1 to 3 workers, 1, 4 and 6 partitions of the input, of the facts and of the claims.

`make layouts`, 15 minutes. Each of the 81 has a log of its own: adversarial worlds, servers that tell orders by a key,
and shops' own recipes. The nine of test_live_equals_backtest.py hold each two of the counts once.
"""

import json
from itertools import product
from pathlib import Path

import pytest

from stream import recipes_file as files
from tests.faults.logs import worlds
from tests.integration.test_live_equals_backtest import Layout, compare
from tests.reference import generate

COUNTS = (1, 4, 6)
LAYOUTS = [Layout(*each) for each in product((1, 2, 3), COUNTS, COUNTS, COUNTS)]
FIRST_SEED = 1000


@pytest.mark.slow
@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda each: "-".join(map(str, each)))
def test_a_log_gives_live_what_it_gives_in_a_backtest(
    broker: str, prefix: str, tmp_path: Path, layout: Layout
) -> None:
    seed = FIRST_SEED + LAYOUTS.index(layout)
    document = generate.recipes(seed)
    file = tmp_path / "recipes.json"
    file.write_text(json.dumps(document))
    recipes = files.load(file.read_text())
    found = compare(broker, prefix, tmp_path, worlds(seed, 12), recipes, layout, file)
    assert found.decisions
