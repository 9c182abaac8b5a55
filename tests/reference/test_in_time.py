"""Recipes in time and outcomes: the core and the reference decide the same, and as the vectors do.

REFERENCE_SEEDS and REFERENCE_FIRST are those of test_core.py.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from stream import backtest
from stream import recipes_file as files
from tests import checked
from tests.reference import generate
from tests.reference import outputs as reference
from tests.reference.compare import Rows, changes, difference, outcomes, rows
from tests.reference.generate_history import history
from tests.reference.test_core import FIRST, SEEDS
from tests.reference.vectors import every_in_time, lines

Documents = Iterable[dict[str, Any]]


def counted(
    triggers: Documents,
    decisions: Documents,
    shadow: Documents,
    audiences: Documents,
    ended: Documents,
) -> list[Rows]:
    return [rows(triggers, decisions), rows(shadow, ()), changes(audiences), outcomes(ended)]


def of_core(log: list[bytes], document: dict[str, Any]) -> list[Rows]:
    outs = list(backtest.run(log, checked.history(document)))
    return counted(
        [json.loads(value) for out in outs for *_, value in out.triggers],
        [json.loads(value) for out in outs for _, value in out.decisions],
        [json.loads(value) for out in outs for *_, value in out.shadow],
        [json.loads(value) for out in outs for *_, value in out.audiences if value],
        [json.loads(value) for out in outs for *_, value in out.outcomes],
    )


def of_reference(log: list[bytes], document: dict[str, Any]) -> list[Rows]:
    out = reference(log, document)
    return counted(out.triggers, out.decisions, out.shadow, out.audiences, out.outcomes)


@pytest.mark.parametrize("start", range(FIRST, FIRST + SEEDS // 4, 15))
def test_the_core_and_the_reference_follow_a_history_alike(start: int) -> None:
    for seed in range(start, min(start + 15, FIRST + SEEDS // 4)):
        log = generate.life_log(seed, 100)
        document = history(seed, log)
        try:
            found = of_core(log, document)
        except files.RecipesError:
            continue  # two documents' parts that do not go together
        for theirs, ours in zip(of_reference(log, document), found, strict=True):
            assert difference(theirs, ours) == "", f"seed {seed}"


@every_in_time
def test_both_give_the_answer_of_the_vector(file: Path) -> None:
    vector = json.loads(file.read_text())
    document, expect = vector["recipes"], vector["expect"]
    if expect.get("refused"):
        with pytest.raises(files.RecipesError):
            files.load_history(json.dumps(document), file.name)
        return
    said = counted(
        expect["triggers"],
        expect["decisions"],
        expect.get("shadow", ()),
        expect.get("audiences", ()),
        expect.get("outcomes", ()),
    )
    told = [True, True, "audiences" in expect, "outcomes" in expect]
    for answer in (of_core(lines(vector), document), of_reference(lines(vector), document)):
        for wanted, found, is_told in zip(said, answer, told, strict=True):
            assert not is_told or difference(wanted, found) == "", vector["why"]
