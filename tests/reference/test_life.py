"""The core and the reference decide the same over years of customers' lives, and as the vectors do.

REFERENCE_SEEDS and REFERENCE_FIRST are those of test_core.py.
"""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from stream import backtest
from stream import recipes_file as files
from stream.outputs.outputs import Outputs
from tests import checked
from tests.reference import decide_all, generate, generate_years
from tests.reference.compare import changes, details, difference, rows
from tests.reference.test_core import FIRST, SEEDS
from tests.reference.vectors import every_life, lines

SIZES = (150, 60, 300)
YEARS = (30, 80, 160)
Rows = list[dict[str, Any]]


def decided(log: list[bytes], document: dict[str, Any]) -> tuple[Rows, Rows, Rows]:
    """Triggers, decisions and changes of audiences of the core, as rows of the reference."""
    outs: list[Outputs] = list(backtest.run(log, checked.recipes(document)))
    return (
        [json.loads(value) for out in outs for *_, value in out.triggers],
        [json.loads(value) for out in outs for _, value in out.decisions],
        [json.loads(value) for out in outs for *_, value in out.audiences if value],
    )


def differences(theirs: tuple[Rows, Rows, Rows], ours: tuple[Rows, Rows, Rows]) -> str:
    found = difference(rows(*theirs[:2]), rows(*ours[:2]))
    found += difference(changes(theirs[2]), changes(ours[2]))
    found = found or difference(details(*theirs[:2]), details(*ours[:2]))
    ids = [Counter(each["id"] for each in answer[2]) for answer in (theirs, ours)]
    return found or difference(*ids)


@pytest.mark.parametrize("start", range(FIRST, FIRST + SEEDS // 2, 15))
def test_the_core_and_the_reference_follow_a_life_alike(start: int) -> None:
    for seed in range(start, min(start + 15, FIRST + SEEDS // 2)):
        size = SIZES[seed % len(SIZES)]
        log, document = generate.life_log(seed, size), generate.life_recipes(seed)
        theirs, ours = decide_all(log, document), decided(log, document)
        assert differences(theirs, ours) == "", f"seed {seed}, {size} lines"


@pytest.mark.parametrize("start", range(FIRST, FIRST + SEEDS // 3, 20))
def test_they_agree_at_the_edges_of_the_times_that_a_file_names(start: int) -> None:
    for seed in range(start, min(start + 20, FIRST + SEEDS // 3)):
        log, document = generate_years.log(seed, YEARS[seed % 3]), generate_years.recipes(seed)
        theirs, ours = decide_all(log, document), decided(log, document)
        assert differences(theirs, ours) == "", f"seed {seed}, {len(log)} lines"


def test_the_logs_reach_every_reason_of_the_page() -> None:
    reached: set[str] = set()
    for seed in range(40):
        if reached >= SOME:
            return
        triggers, decisions, audiences = decide_all(
            generate.life_log(seed, 150), generate.life_recipes(seed)
        )
        reached |= {str(each["reason"]) for each in decisions}
        reached |= {each["data"]["reason"] for each in triggers if "cancelled" in each["type"]}
        reached |= {each["type"] for each in audiences}
    assert reached >= SOME


SOME = {
    *("past", "joined", "left", "cancelled", "ordered", "expired", "moved"),
    *("storefront.audience.entered.v1", "storefront.audience.left.v1"),
}


@every_life
def test_the_core_gives_the_answer_of_the_vector(file: Path) -> None:
    vector = json.loads(file.read_text())
    if vector["expect"].get("refused"):
        with pytest.raises(files.RecipesError):
            files.load(json.dumps(vector["recipes"]), file.name)
        return
    assert _differs(vector, decided(lines(vector), vector["recipes"])) == "", vector["why"]


@every_life
def test_the_reference_gives_the_answer_of_the_vector(file: Path) -> None:
    vector = json.loads(file.read_text())
    if not vector["expect"].get("refused"):
        answer = decide_all(lines(vector), vector["recipes"])
        assert _differs(vector, answer) == "", vector["why"]


def _differs(vector: dict[str, Any], answer: tuple[Rows, Rows, Rows]) -> str:
    expect = vector["expect"]
    told = expect.get("audiences")
    found = difference(rows(expect["triggers"], expect["decisions"]), rows(*answer[:2]))
    return found if told is None else found + difference(changes(told), changes(answer[2]))
