"""docs/privacy.md is true: it lists every topic with its retention, every key of the view, every way to erase."""

import re
from pathlib import Path

import pytest

import schemas
from agents.__main__ import main
from agents.config.settings import Settings
from agents.eraser import eraser, settings
from agents.eraser.followed import LONGEST_PAUSE_S, MOST
from agents.erasure.writing import ERASER
from agents.kafka.acls import ERASER_GROUP, acls
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


def test_the_page_has_the_settings_of_an_eraser_and_their_defaults() -> None:
    table = [line for line in (settings.__doc__ or "").splitlines() if line.startswith("| TRIGG")]
    told = rows("setting")
    for line in table:
        name, _, default = [cell.strip() for cell in line.strip("|").split(" | ")]
        assert told.pop(f"`{name}`") == default
    assert list(told.values()) == [eraser.METRICS]
    read = settings.EraserSettings.read({"TRIGGERS_KAFKA": "k:1", "TRIGGERS_PREFIX": "p."})
    assert (read.group, read.delay_ms) == (f"p.{ERASER_GROUP}", 60_000)


def test_the_page_has_the_rights_of_an_eraser() -> None:
    [told] = re.findall(r"Its rights are those .*?\n\n", PAGE, re.DOTALL)
    rights = [right for right in acls("eraser", Settings()) if right.resource == "topic"]
    read, written = (
        {right.name for right in rights if operation in right.operations}
        for operation in ("Read", "Write")
    )
    reads, writes = told.split("writes")
    assert written == {*re.findall(r"`([a-z]+\.?[a-z]*)`", writes)}
    assert read == {*re.findall(r"`([a-z]+\.?[a-z]*)`", reads)} - {"eraser"}


def test_the_page_says_how_an_eraser_comes_to_an_end() -> None:
    page = " ".join(PAGE.split())
    assert f"an eraser skips its own (`{ERASER}-…`)" in page
    assert f"a {'hundred' if MOST == 100 else MOST} at most" in page
    assert "up to an hour" in page
    assert LONGEST_PAUSE_S == 3600


@pytest.mark.parametrize("page", ["privacy.md", "sources/shopify.md"])
def test_a_page_that_tells_of_redacted_customers_names_the_eraser(page: str) -> None:
    text = (Path(__file__).parents[2] / "docs" / page).read_text()
    assert "customers/redact" in text
    assert "storefront-triggers erase --follow" in text
