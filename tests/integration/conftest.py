"""Fixtures of several tests: an endpoint, topics, and a broker that a test may freeze."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from agents.local.cluster import Cluster, cluster
from tests.integration.bridging import Sources
from tests.integration.hostile import Endpoint
from tests.integration.sending import Topics


@pytest.fixture(scope="module")
def own() -> Iterator[Cluster]:
    """A broker of the module's own, which a test may freeze."""
    with cluster(1) as running:
        yield running


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    """An endpoint that works, unless a test changes that."""
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
