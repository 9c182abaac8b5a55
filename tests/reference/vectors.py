"""The test vectors that lie beside the checkout, if they do."""

import json
from pathlib import Path
from typing import Any

import pytest

_HOME = Path(__file__).resolve().parents[3] / "shared" / "vectors"
FILES = sorted(_HOME.glob("*.json"))

every = pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.stem))
present = pytest.mark.skipif(not FILES, reason="no ../shared/vectors beside the checkout")


def lines(vector: dict[str, Any]) -> list[bytes]:
    """The vector's events as lines of the backtest's input."""
    return [
        event["raw"].encode() if "raw" in event else json.dumps(event).encode()
        for event in vector["events"]
    ]
