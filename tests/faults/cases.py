"""The register of cases. Each is a function that runs scenes and returns their reports.

`star`: in every run of the tests. A case gets a Room; `room.times(10, 40)` is 10 there and 40 in the full
matrix.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from agents.local.cluster import Cluster
from tests.faults.report import Report
from tests.faults.scene import scene

ONCE = {"TRIGGERS_DELIVERY": "exactly_once"}

Function = Callable[["Room"], list[Report]]


class Skipped(Exception):
    """The machine lacks something that the case needs. The message names it."""


@dataclass
class Room:
    """The resources of a case. `full`: the whole matrix, not the tests' short run · `once`: with delivery
    exactly once, whatever the case · `documents`: a recipes file comes into force in the middle of each scene."""

    case: str
    seed: int
    cluster: Cluster
    folder: Path
    full: bool
    once: bool = False
    documents: bool = False

    def __post_init__(self) -> None:
        self.pick = random.Random(f"{self.case} {self.seed}")

    def times(self, short: int, long: int) -> int:
        return long if self.full else short

    def scene(self, name: str = "", cluster: Any = None, **options: Any) -> Any:
        """A scene of this case, `name` if there are several."""
        case = f"{self.case} {name}".strip()
        folder = self.folder / case.replace(" ", "-")
        if self.once:
            options["environ"] = {**(options.get("environ") or {}), **ONCE}
        if self.documents:
            options["documents"] = True
        return scene(case, self.seed, cluster or self.cluster, folder, **options)


class Case(NamedTuple):
    name: str
    area: str
    star: bool
    run: Function


CASES: dict[str, Case] = {}


def case(area: str, star: bool = False) -> Callable[[Function], Function]:
    """Registers a function as a case of the matrix under its own name."""

    def register(function: Function) -> Function:
        name = function.__name__.replace("_", "-")
        CASES[name] = Case(name, area, star, function)
        return function

    return register
