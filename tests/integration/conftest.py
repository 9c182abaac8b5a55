"""What the tests of senders share: an endpoint, and the service's topics."""

from collections.abc import Iterator

import pytest

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
