"""docs/privacy.md is true: it lists every topic with its retention, every key of the view, every way to erase."""

import re
from pathlib import Path

import pytest

import schemas
from agents.__main__ import main
from agents.view.redis_keys import RedisKeys

PAGE = (Path(__file__).parents[2] / "docs" / "privacy.md").read_text()
TOPICS = schemas.load("topics")["topics"]


def rows(first: str) -> dict[str, str]:
    """The last cell of each row by its first, for the table whose header starts with `first`."""
    table = PAGE[PAGE.index(f"| {first} |") :].split("\n\n")[0].splitlines()[2:]
    cells = [[cell.strip() for cell in row.strip("|").split(" | ")] for row in table]
    return {row[0]: row[-1] for row in cells}


def test_the_page_lists_every_topic_and_no_other() -> None:
    assert set(rows("topic")) == {f"`{topic['name']}`" for topic in TOPICS}


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: str(topic["name"]))
def test_a_topic_with_a_retention_has_its_time(topic: dict[str, str]) -> None:
    told = rows("topic")[f"`{topic['name']}`"]
    if "retention" in topic:
        assert told == re.sub("d$", " days", topic["retention"])
    else:
        assert topic["cleanup"] == "compact"


def test_the_page_lists_every_key_of_the_view_that_names_a_person() -> None:
    keys, page = RedisKeys(""), " ".join(rows("where"))
    for name in (keys.fired, keys.triggers, keys.decisions("<person>"), keys.waiting("<person>")):
        assert name in page


def test_the_documented_options_match_the_command(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        main(["erase", "--help"])
    offered = set(re.findall(r"--[a-z]+", capsys.readouterr().out)) - {"--help"}
    assert offered == set(re.findall(r"erase.*?(--[a-z]+)", PAGE)) | {"--check"}
