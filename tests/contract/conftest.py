"""Fixtures: outputs on which the contracts are tested."""

import pytest

from tests.contract.day import Said, whole_day


@pytest.fixture(scope="session")
def said() -> Said:
    return whole_day()
