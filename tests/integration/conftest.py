"""What the tests of senders and of bridges share: an endpoint, and topics."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.bridging import Sources
from tests.integration.hostile import Endpoint
from tests.integration.sending import Topics


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    """Well, until a test says otherwise."""
    made = Endpoint()
    made.start()
    yield made
    made.close()


@pytest.fixture
def topics(broker: str, prefix: str) -> Iterator[Topics]:
    made = Topics(broker, prefix)
    yield made
    made.close()


@pytest.fixture
def sources(broker: str, prefix: str, tmp_path: Path) -> Iterator[Sources]:
    made = Sources(broker, prefix, tmp_path)
    yield made
    made.close()
