"""The core and the reference give the answers of the test vectors."""

import json
from pathlib import Path

from stream import backtest
from stream import recipes_file as files
from tests.reference import decide
from tests.reference.compare import difference, rows
from tests.reference.vectors import every, lines


@every
def test_the_core_gives_the_answer_of_the_vector(file: Path) -> None:
    vector = json.loads(file.read_text())
    triggers, decisions = backtest.decide(
        lines(vector), files.load(json.dumps(vector["recipes"]), file.name)
    )
    answer = rows(map(json.loads, triggers), map(json.loads, decisions))
    expected = rows(vector["expect"]["triggers"], vector["expect"]["decisions"])
    assert difference(expected, answer) == "", vector["why"]


@every
def test_the_reference_gives_the_answer_of_the_vector(file: Path) -> None:
    vector = json.loads(file.read_text())
    answer = rows(*decide(lines(vector), vector["recipes"]))
    expected = rows(vector["expect"]["triggers"], vector["expect"]["decisions"])
    assert difference(expected, answer) == "", vector["why"]
