"""`python -m tests.mutants --seed 1 --number 160 stream`: prints the survivors and the share of caught changes.

Only tests without a broker run, so a change of agents/ that only an integration test would catch survives.
"""

import argparse
import random
import sys
import time
from collections.abc import Callable
from typing import Final

from tests.mutants import asking, covering, tree
from tests.mutants.sites import Mutant, mutants

PROMISES: Final = [
    f"agents/{name}"
    for name in ("bridge", "collector", "kafka", "published", "sender", "view", "worker")
]
"""The folders that `promises` names: their code carries what the service promises."""


def drawn(seed: int, number: int, folders: list[str]) -> list[Mutant]:
    """A random sample of all changes in the folders; the same for the same seed and code."""
    files = [
        file
        for folder in map(tree.TREE.joinpath, folders)
        for file in ([folder] if folder.is_file() else sorted(folder.rglob("*.py")))
    ]
    every = [mutant for file in files for mutant in mutants(tree.TREE, file)]
    print(f"{len(every)} places in {' '.join(folders)}", flush=True)
    return random.Random(seed).sample(every, min(number, len(every)))


def run(seed: int, number: int, folders: list[str]) -> int:
    """Prints the survivors; returns 1 if a change survived, else 0."""
    tree.copy()
    sample = drawn(seed, number, folders)
    slower = [tests for top, tests in covering.SLOWER.items() if any(map(_in(top), folders))]
    suites = [covering.fast(folders), *slower]
    maps = [covering.measured(each, folders) for each in suites]
    survivors, began = [], time.monotonic()
    for place, (mutant, is_seen) in enumerate(asking.seen(sample, maps), 1):
        if not is_seen:
            survivors.append(mutant)
            print(f"survived  {mutant}", flush=True)
        if place % 10 == 0:
            print(f"{place} of {len(sample)}, {time.monotonic() - began:.0f} s", flush=True)
    caught = len(sample) - len(survivors)
    print(f"{caught} of {len(sample)} caught: {100 * caught / max(1, len(sample)):.1f} %")
    return 1 if survivors else 0


def _in(top: str) -> Callable[[str], bool]:
    return lambda folder: folder.split("/")[0] == top


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--number", type=int, default=160)
    parser.add_argument("folders", nargs="*", default=["stream"])
    given = parser.parse_args()
    folders = PROMISES if given.folders == ["promises"] else given.folders
    sys.exit(run(given.seed, given.number, folders))
