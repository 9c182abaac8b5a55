"""The reference gives the answers of the test vectors that lie beside the checkout."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.reference import decide
from tests.reference.compare import difference, rows

VECTORS = Path(__file__).resolve().parents[3] / "shared" / "vectors"
FILES = sorted(VECTORS.glob("*.json"))


def lines(vector: dict[str, Any]) -> list[str]:
    """The vector's events as lines of the backtest's input."""
    return [event["raw"] if "raw" in event else json.dumps(event) for event in vector["events"]]


@pytest.mark.skipif(not FILES, reason="no ../shared/vectors beside the checkout")
@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.stem))
def test_the_reference_gives_the_answer_of_the_vector(file: Path) -> None:
    vector = json.loads(file.read_text())
    answer = rows(*decide(lines(vector), vector["recipes"]))
    expected = rows(vector["expect"]["triggers"], vector["expect"]["decisions"])
    assert difference(expected, answer) == "", vector["why"]
