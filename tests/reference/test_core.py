"""The core and the reference, which share no code, decide the same on adversarial logs.

REFERENCE_SEEDS says how many logs (else 300, or a part of them: tests/effort.py), REFERENCE_FIRST the first seed (0). A log that
differs is named by its seed and its size.
"""

import json
import os

import pytest

from stream import backtest
from tests import checked, effort
from tests.reference import decide, generate
from tests.reference.compare import attributes, details, difference, rows

SEEDS = int(os.environ.get("REFERENCE_SEEDS", effort.of(300)))
FIRST = int(os.environ.get("REFERENCE_FIRST", "0"))
SIZES = (150, 40, 400)
"""Lines of a log, by turns: short ones are easy to read, long ones fill what is bounded."""


@pytest.mark.parametrize("start", range(FIRST, FIRST + SEEDS, 25))
def test_the_core_and_the_reference_decide_the_same(start: int) -> None:
    for seed in range(start, min(start + 25, FIRST + SEEDS)):
        size = SIZES[seed % len(SIZES)]
        log, document = generate.log(seed, size), generate.recipes(seed)
        ours = [
            [json.loads(row) for row in each]
            for each in backtest.decide(log, checked.recipes(document))
        ]
        theirs = decide(log, document)
        found = difference(rows(*theirs), rows(*ours))
        found = found or difference(attributes(theirs[0]), attributes(ours[0]))
        found = found or difference(details(*theirs), details(*ours))
        assert found == "", f"seed {seed}, {size} lines"


def test_a_seed_gives_the_same_log_again() -> None:
    assert generate.log(3, 60) == generate.log(3, 60)
    assert generate.recipes(3) == generate.recipes(3)


def test_the_logs_reach_every_reason_of_the_page() -> None:
    """Ensures that the comparison is not empty. It looks first where reasons are many.

    No file may plan a step so late that its person is forgotten before it (section 12).
    """
    reached = {"closed forgotten"}
    for seed in (11, 21, 55, *range(60)):
        triggers, decisions = decide(generate.log(seed, 400), generate.recipes(seed))
        reached |= {f"{each['outcome']} {each['reason'] or ''}".strip() for each in decisions}
        cancels = [each["data"] for each in triggers if "cancelled" in each["type"]]
        reached |= {f"cancelled {data['reason']}" for data in cancels}
        if reached >= EVERY:
            break
    assert reached == EVERY


EVERY = {
    "fired",
    "refused too_soon",
    "refused paying",
    "refused ordered",
    "refused already",
    "refused cooldown",
    "refused consent",
    "refused holdout",
    "refused unreachable",
    "refused cap",
    "refused lower_priority",
    "deferred cap",
    "deferred quiet",
    "closed expired",
    "closed superseded",
    "closed emptied",
    "closed replaced",
    "closed converted",
    "closed moved",
    "closed forgotten",
    "cancelled ordered",
    "cancelled consent",
}
