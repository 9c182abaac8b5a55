"""Durations as people write them."""

import pytest

from stream import durations


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("500ms", 500),
        ("30s", 30_000),
        ("5m", 300_000),
        ("1h", 3_600_000),
        ("7d", 604_800_000),
        (0, 0),
    ],
)
def test_a_duration_is_a_number_and_a_unit(text: str | int, ms: int) -> None:
    assert durations.parse(text) == ms


@pytest.mark.parametrize("text", ["", "5", "-5m", "1.5h", "5 m", "7days", "01m"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a duration such as"):
        durations.parse(text)
