"""The Kafka client's log lines in docs/runbook.md are those of the installed client."""

import re
from pathlib import Path

import aiokafka
import pytest

HOME = Path(__file__).parents[2]
RUNBOOK = (HOME / "docs" / "runbook.md").read_text()
CLIENT = "".join(file.read_text() for file in Path(aiokafka.__file__).parent.rglob("*.py"))
TABLE = RUNBOOK.partition("| line of the client |")[2].partition("\n\n")[0]
LINES = [
    line for row in TABLE.splitlines()[2:] for line in re.findall("`([^`]+)`", row.split("|")[1])
]


def test_the_table_has_lines() -> None:
    assert len(LINES) > 10


@pytest.mark.parametrize("line", LINES)
def test_a_line_in_the_runbook_is_one_of_the_client(line: str) -> None:
    """Who searches the runbook for a line of a new release of the client would find nothing."""
    assert line in re.sub(r'"\s+"', "", CLIENT)
