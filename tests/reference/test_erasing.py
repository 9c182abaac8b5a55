"""The core and the reference erase alike: whom an erasure means, what ends, and what of others stays.

REFERENCE_SEEDS and REFERENCE_FIRST are those of test_core.py.
"""

import json
from collections import Counter
from typing import Any

import pytest

from stream import backtest
from stream import recipes_file as files
from tests import checked
from tests.reference import generate, outputs
from tests.reference.compare import Rows, attributes, details, difference
from tests.reference.generate_erasures import with_erasures
from tests.reference.generate_history import history
from tests.reference.test_core import FIRST, SEEDS
from tests.reference.test_in_time import counted

SIZES = (60, 150, 30)
SHARES = (0.15, 0.05, 0.4)
"""Erasures for each line: rare ones have more to erase, many meet what was erased before."""


def log_of(seed: int, life: bool) -> list[bytes]:
    size, share = SIZES[seed % 3], SHARES[seed // 3 % 3]
    lines = generate.life_log(seed, size) if life else generate.log(seed, size)
    return with_erasures(lines, seed, share)


def answers(
    erased: list[dict[str, Any]], without_value: list[tuple[str, str]], *files: list[dict[str, Any]]
) -> list[Rows]:
    """Everything that comes out. `files`: triggers, decisions, shadow, changes of audiences, outcomes."""
    found = [*counted(*files), details(*files[:2]), attributes(files[0])]
    found.append(Counter(json.dumps(each, sort_keys=True) for each in erased))
    return [*found, Counter(map(str, without_value))]


def of_core(log: list[bytes], document: dict[str, Any]) -> list[Rows]:
    outs = list(backtest.run(log, checked.history(document)))
    return answers(
        [json.loads(value) for out in outs for *_, value in out.erased],
        [each[:2] for out in outs for each in out.audiences if each[-1] is None],
        [json.loads(value) for out in outs for *_, value in out.triggers],
        [json.loads(value) for out in outs for *_, value in out.decisions],
        [json.loads(value) for out in outs for *_, value in out.shadow],
        [json.loads(value) for out in outs for *_, value in out.audiences if value],
        [json.loads(value) for out in outs for *_, value in out.outcomes],
    )


def of_reference(log: list[bytes], document: dict[str, Any]) -> list[Rows]:
    out = outputs(log, document)
    told = out.triggers, out.decisions, out.shadow, out.audiences, out.outcomes
    return answers(out.erased, out.without_value, *told)


def differences(log: list[bytes], document: dict[str, Any]) -> list[str]:
    """Raises RecipesError for a document that is refused."""
    ours = of_core(log, document)
    pairs = zip(of_reference(log, document), ours, strict=True)
    return [found for one, other in pairs if (found := difference(one, other))]


@pytest.mark.parametrize("start", range(FIRST, FIRST + SEEDS // 2, 25))
def test_the_core_and_the_reference_erase_alike(start: int) -> None:
    for seed in range(start, min(start + 25, FIRST + SEEDS // 2)):
        assert differences(log_of(seed, False), generate.recipes(seed)) == [], f"seed {seed}"


@pytest.mark.parametrize("start", range(FIRST, FIRST + SEEDS // 3, 20))
def test_they_erase_alike_what_follows_a_life_in_time(start: int) -> None:
    for seed in range(start, min(start + 20, FIRST + SEEDS // 3)):
        log = log_of(seed, True)
        document = history(seed, log) if seed % 2 else generate.life_recipes(seed)
        try:
            assert differences(log, document) == [], f"seed {seed}"
        except files.RecipesError:
            continue  # two documents' parts that do not go together


def test_the_logs_reach_every_way_in_which_an_erasure_ends_something() -> None:
    reached: set[str] = set()
    for seed in range(60):
        if reached >= EVERY:
            return
        for life in (False, True):
            document = generate.life_recipes(seed) if life else generate.recipes(seed)
            out = outputs(log_of(seed, life), document)
            reached |= {f"{each['outcome']} {each['reason']}" for each in out.decisions}
            cancels = [each["data"] for each in out.triggers if "cancelled" in each["type"]]
            reached |= {f"cancelled {data['reason']} {data['recipe']}" for data in cancels}
            reached |= {f"{each['subject'].partition(':')[0]} named" for each in out.erased}
            at = {(each["subject"], each["data"]["at"]) for each in out.erased}
            left = [each for each in out.audiences if (each["subject"], each["data"]["at"]) in at]
            reached |= {each["type"] for each in left}
    assert reached >= EVERY


EVERY = {
    *("closed erased", "cancelled erased exit-intent", "cancelled erased cart-abandonment"),
    *("customer named", "visitor named", "email named", "phone named"),
    "storefront.audience.left.v1",
}
