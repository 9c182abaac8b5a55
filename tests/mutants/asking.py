"""Asks the tests about changes, in a process for each processor."""

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Final

from tests.mutants import covering, runs, tree
from tests.mutants.sites import Mutant

NEAREST_S: Final = 60
"""Seconds for one of the nearest tests. One that takes longer without a change too is asked again with all others.

Larger: a change that hangs takes longer to be seen. Smaller: more tests are asked twice on a busy machine.
"""

_maps: list[covering.Coverage] = []
_place: list[Path] = []
"""What a process asks, and the tree in which it changes the code."""


def seen(sample: list[Mutant], maps: list[covering.Coverage]) -> Iterator[tuple[Mutant, bool]]:
    """Yields each change as soon as it is known, with whether one of the tests that run the changed lines sees it."""
    fork = multiprocessing.get_context("fork")
    trees = fork.SimpleQueue()
    for number in range(covering.PROCESSORS):
        trees.put(tree.another(number))
    with ProcessPoolExecutor(covering.PROCESSORS, fork, _begin, (maps, trees)) as pool:
        asked = {pool.submit(_is_seen, mutant): mutant for mutant in sample}
        for each in as_completed(asked):
            yield asked[each], each.result()


def _begin(maps: list[covering.Coverage], trees: "multiprocessing.SimpleQueue[Path]") -> None:
    _maps[:], _place[:] = maps, [trees.get()]


def _is_seen(mutant: Mutant) -> bool:
    for coverage in _maps:
        tests = covering.tests_of(coverage, mutant.file, mutant.start[0], mutant.end[0])
        nearest, others = tests[: covering.NEAREST], tests[covering.NEAREST :]
        fails, doubtful = _fails(mutant, nearest, NEAREST_S)
        if fails or _fails(mutant, [*others, *doubtful], runs.A_TEST_S)[0]:
            return True
    return False


def _fails(mutant: Mutant, tests: list[str], a_test_s: float) -> tuple[bool, list[str]]:
    """Whether a test fails twice with the change, or hangs, and passes without it: a busy machine is no change.

    Also the tests that do neither.
    """
    doubtful: list[str] = []
    while tests:
        with tree.changed(mutant, _place[0]):
            found = runs.run(_place[0], tests, doubtful, a_test_s)
            if found.passed or found.last is None:
                return not found.passed, doubtful
            again = found.hung or not runs.run(_place[0], [found.last], [], a_test_s).passed
        if again and runs.run(_place[0], [found.last], [], a_test_s).passed:
            return True, doubtful
        print(f"doubtful  {found.last} at {mutant}", flush=True)
        doubtful.append(found.last)
    return False, doubtful
