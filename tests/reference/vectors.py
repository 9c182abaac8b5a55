"""The test vectors of version 2 beside the checkout, if present."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.beside import beside, each_or_skipped


def _stem(file: Path | None) -> str | None:
    return file.stem if file else None


FILES = sorted(beside("vectors-2").glob("*.json"))

every = pytest.mark.parametrize("file", each_or_skipped(FILES, "vectors-2"), ids=_stem)


def lines(vector: dict[str, Any]) -> list[bytes]:
    """The vector's events as lines of the backtest's input."""
    return [
        event["raw"].encode() if "raw" in event else json.dumps(event).encode()
        for event in vector["events"]
    ]


LIFE = sorted(beside("vectors-life").glob("1[23]*.json"))
"""The vectors of sections 12 and 13, without recipes in time."""
LIFE = [file for file in LIFE if '"shadow"' not in file.read_text()]

IN_TIME = sorted(beside("vectors-life").glob("1[345]*.json"))
IN_TIME = [file for file in IN_TIME if file not in LIFE]
"""The vectors of sections 14 and 15, and of 13 with a shadow."""

every_in_time = pytest.mark.parametrize("file", each_or_skipped(IN_TIME, "vectors-life"), ids=_stem)
every_life = pytest.mark.parametrize("file", each_or_skipped(LIFE, "vectors-life"), ids=_stem)
