"""The core gives the answers of the test vectors of recipes in time and of outcomes."""

import json
from pathlib import Path

import pytest

from stream import backtest
from stream import recipes_file as files
from tests.reference.compare import changes, difference, outcomes, rows
from tests.reference.vectors import every_in_time, lines


@every_in_time
def test_the_core_gives_the_answer_of_the_vector(file: Path) -> None:
    vector = json.loads(file.read_text())
    document, expect = json.dumps(vector["recipes"]), vector["expect"]
    if expect.get("refused"):
        with pytest.raises(files.RecipesError):
            files.load_history(document, file.name)
        return
    outs = list(backtest.run(lines(vector), files.load_history(document, file.name)))
    triggers = [json.loads(value) for out in outs for *_, value in out.triggers]
    shadow = [json.loads(value) for out in outs for *_, value in out.shadow]
    decisions = [json.loads(value) for out in outs for _, value in out.decisions]
    left = [json.loads(value) for out in outs for *_, value in out.audiences]
    ended = [json.loads(value) for out in outs for *_, value in out.outcomes]
    found = difference(rows(expect["triggers"], expect["decisions"]), rows(triggers, decisions))
    found += difference(rows(expect.get("shadow", ()), ()), rows(shadow, ()))
    if "audiences" in expect:
        found += difference(changes(expect["audiences"]), changes(left))
    if "outcomes" in expect:
        found += difference(outcomes(expect["outcomes"]), outcomes(ended))
    assert found == "", vector["why"]
