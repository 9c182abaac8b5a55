"""The test vectors of version 2 that lie beside the checkout, if they do."""

import json
from pathlib import Path
from typing import Any

import pytest

_CHECKOUT = Path(__file__).resolve().parents[2]
_BESIDE = [above / "shared" / "vectors-2" for above in _CHECKOUT.parents]
FILES = sorted(file for folder in _BESIDE[:3] for file in folder.glob("*.json"))

every = pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.stem))
present = pytest.mark.skipif(not FILES, reason="no ../shared/vectors-2 beside the checkout")


def lines(vector: dict[str, Any]) -> list[bytes]:
    """The vector's events as lines of the backtest's input."""
    return [
        event["raw"].encode() if "raw" in event else json.dumps(event).encode()
        for event in vector["events"]
    ]


_OF_LIFE = [above / "shared" / "vectors-life" for above in _CHECKOUT.parents]
LIFE = sorted(file for folder in _OF_LIFE[:3] for file in folder.glob("1[23]*.json"))
"""Those of sections 12 and 13, without recipes in time."""
LIFE = [file for file in LIFE if '"shadow"' not in file.read_text()]

IN_TIME = sorted(file for folder in _OF_LIFE[:3] for file in folder.glob("1[345]*.json"))
IN_TIME = [file for file in IN_TIME if file not in LIFE]
"""Those of sections 14 and 15, and of 13 with a shadow."""

every_in_time = pytest.mark.parametrize("file", IN_TIME, ids=lambda file: str(file.stem))
every_life = pytest.mark.parametrize("file", LIFE, ids=lambda file: str(file.stem))
life_present = pytest.mark.skipif(not LIFE, reason="no ../shared/vectors-life beside the checkout")
