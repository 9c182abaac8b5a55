"""The examples subscribe to the topics of recipes, and to none that only begins like these."""

import re
from pathlib import Path

import pytest

from schemas import load

EXAMPLES = Path(__file__).parents[2] / "examples"
NOT_OF_RECIPES = [
    topic["name"]
    for topic in load("topics")["topics"]
    if topic["name"].startswith("triggers.") and topic["name"] != "triggers.<recipe>"
]


def pattern(file: str) -> re.Pattern[str]:
    """The pattern of a file, without the prefix, which is left empty."""
    found = re.search(r"triggers[\\.]+(\(\?!.*?\$\))", (EXAMPLES / file).read_text())
    assert found
    return re.compile(rf"^triggers\.{found[1]}")


@pytest.mark.parametrize("file", ["consumer.py", "node/consumer.js"])
def test_an_example_reads_the_topics_of_recipes_alone(file: str) -> None:
    reads = pattern(file).match
    assert len(NOT_OF_RECIPES) == 3
    assert not [name for name in NOT_OF_RECIPES if reads(name)]
    assert reads("triggers.cart-abandonment")
    assert reads("triggers.shadow-2")
