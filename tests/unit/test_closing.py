"""All reasons for closing an episode are in one table."""

import re
from pathlib import Path
from typing import get_args

from stream.episodes.closing import WAYS
from stream.episodes.guards import GUARDS
from stream.outputs.reasons import Closing, Guarded, NotAsked, OnsiteRefusal, Passed

WORDS = Path(__file__).parents[2] / "agents" / "console" / "static" / "words.js"


def test_the_table_holds_every_reason_that_closes() -> None:
    assert set(WAYS) == set(get_args(Closing))


def words(table: str) -> list[str]:
    """The names in a table of the console's words."""
    found = re.search(rf"export const {table} = {{(.*?)}};", WORDS.read_text(), re.DOTALL)
    assert found is not None
    return re.findall(r"^  (\w+):", found[1], re.MULTILINE)


def test_the_console_has_words_for_every_reason() -> None:
    """Without words the page shows the bare name of a reason, out of its order."""
    assert set(words("ENDINGS")) == set(get_args(Closing))
    refused = {*get_args(Guarded), *get_args(NotAsked), *get_args(Passed), *get_args(OnsiteRefusal)}
    assert set(words("GUARDS")) == refused


def test_every_guard_is_a_reason() -> None:
    assert tuple(name for name, _ in GUARDS) == get_args(Guarded)
