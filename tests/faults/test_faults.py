"""The cases with a star, on a real broker. `make faults` runs all cases, each more often."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from agents.local.cluster import Cluster, cluster
from tests.faults.cases import Room, Skipped
from tests.faults.matrix import CASES

SEED = 1


@pytest.fixture(scope="module")
def own() -> Iterator[Cluster]:
    """A broker that no other test uses."""
    with cluster(1) as running:
        yield running


@pytest.mark.parametrize("name", [case.name for case in CASES.values() if case.star])
def test_the_promise_holds_under(name: str, own: Cluster, tmp_path: Path) -> None:
    try:
        reports = CASES[name].run(Room(name, SEED, own, tmp_path, full=False))
    except Skipped as reason:
        pytest.skip(str(reason))
    assert reports
    for report in reports:
        assert report.held, report.text()
