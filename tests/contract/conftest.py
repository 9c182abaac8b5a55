"""What the contracts of outputs are tested on."""

import pytest

from tests.contract.day import Said, whole_day


@pytest.fixture(scope="session")
def said() -> Said:
    return whole_day()
