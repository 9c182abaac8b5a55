"""Fixtures: a real Kafka and a real Redis, shared by all tests that request them."""

import gc
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

# A broker of some minutes is not worth what its second compiler costs: a start takes half the time without.
os.environ.setdefault("JDK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1")


def pytest_collection_finish() -> None:
    """Thousands of collected tests stay for the whole run: the garbage collector need not visit them again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 20)


@pytest.fixture(scope="session")
def broker() -> Iterator[str]:
    """The address in TRIGGERS_KAFKA if it is set, else of a local broker."""
    given = os.environ.get("TRIGGERS_KAFKA")
    if given:
        yield given
    else:
        with kafka() as bootstrap:
            yield bootstrap


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """The URL in TRIGGERS_REDIS if it is set, else of a local Redis."""
    given = os.environ.get("TRIGGERS_REDIS")
    if given:
        yield given
    else:
        with redis() as url:
            yield url


@pytest.fixture
def prefix() -> str:
    """A topic prefix that only this test uses."""
    return f"t{uuid.uuid4().hex[:10]}."
