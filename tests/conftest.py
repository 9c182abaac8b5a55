"""A real Kafka and a real Redis, one of each for all tests that ask for them."""

import os
import uuid
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from agents.local.cluster import kafka
from agents.local.redis import redis

# On a busy machine an example may take half a minute: no fault of the test that asks for it.
settings.register_profile("busy", suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")


@pytest.fixture(scope="session")
def broker() -> Iterator[str]:
    """TRIGGERS_KAFKA's if it is set, else a local one."""
    given = os.environ.get("TRIGGERS_KAFKA")
    if given:
        yield given
    else:
        with kafka() as bootstrap:
            yield bootstrap


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """TRIGGERS_REDIS's if it is set, else a local one."""
    given = os.environ.get("TRIGGERS_REDIS")
    if given:
        yield given
    else:
        with redis() as url:
            yield url


@pytest.fixture
def prefix() -> str:
    """Stands before every topic of one test, and of no other."""
    return f"t{uuid.uuid4().hex[:10]}."
