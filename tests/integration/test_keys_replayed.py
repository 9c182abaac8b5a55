"""Server orders that name only a key, and shared devices, through real workers: equal to a backtest."""

import json
from pathlib import Path

from stream import recipes_file
from tests.faults import keyed_logs
from tests.integration.replaying import missing, play

SHOPPERS = 60


def test_workers_decide_by_keys_what_a_backtest_decides(
    broker: str, prefix: str, tmp_path: Path
) -> None:
    recipes = recipes_file.DEFAULT
    lines = keyed_logs.log(11, SHOPPERS)
    expected, found = play(broker, prefix, lines, recipes, tmp_path, partitions=3, facts=2)
    closed = [json.loads(value) for value in expected.decisions]
    assert sum(each.get("reason") == "converted" for each in closed) > SHOPPERS / 4
    assert missing(expected, found) == missing(found, expected) == []
