"""Fixtures for tests of published clients: their own topics, and the environment of the Python clients."""

import subprocess
import sys
from pathlib import Path

import pytest

from agents.config.settings import Settings
from tests.browser.conftest import chromium, display, tab
from tests.integration.collecting import make_topics

__all__ = ["chromium", "display", "room", "settings", "tab"]

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "requirements-clients.lock"
ROOM = ROOT / ".cache" / "clients"


@pytest.fixture
def settings(broker: str, prefix: str) -> Settings:
    return make_topics(broker, prefix)


@pytest.fixture(scope="session")
def room() -> Path:
    """The Python of the clients' virtual environment, created by `make clients`."""
    python, done = ROOM / "bin" / "python", ROOM / "done"
    if not done.exists() or done.stat().st_mtime < LOCK.stat().st_mtime:
        made = subprocess.run(
            ["make", "-s", "-C", str(ROOT), ".cache/clients/done", f"PYTHON={sys.executable}"],
            capture_output=True,
            text=True,
        )
        if made.returncode:
            pytest.skip(f"the clients cannot be installed: {made.stderr[-300:]}")
    return python
