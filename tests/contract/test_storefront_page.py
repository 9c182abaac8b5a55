"""docs/storefront.md is true: its examples, its tables, its settings."""

import json
import re
from pathlib import Path

import msgspec
from kafka.partitioner import murmur2

from agents.collector import access
from agents.collector.access import Collecting
from agents.collector.handler import said
from agents.collector.validation import judge
from stream.events.types import TYPES
from stream.kinds.exit_score import SORTS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "storefront.md").read_text()
SENSOR = (ROOT / "agents" / "console" / "static" / "shop" / "exit-sensor.js").read_text()


def rows(first: str) -> list[list[str]]:
    """The table whose header begins so, cell by cell, without the header."""
    table = PAGE[PAGE.index(f"| {first} |") :].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip().strip("`") for cell in row.strip("|").split(" | ")] for row in table]


def test_the_examples_show_every_type_and_are_taken() -> None:
    (block,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert [each.id for each in judge(block.encode()).taken] == [str(n) for n in range(1, 17)]
    assert {event["type"] for event in json.loads(block)} == TYPES


def test_the_first_posts_are_answered_as_it_says() -> None:
    posts = re.findall(r"-d '(.*?)'", PAGE, re.DOTALL)
    answers = re.findall(r"^    (\{\"ids\".*?\})$", PAGE, re.MULTILINE | re.DOTALL)
    assert len(posts) == len(answers) + 1
    assert judge(posts[0].encode()).taken[0].id == "7f1c0a52"
    for post, answer in zip(posts[1:], answers, strict=True):
        assert msgspec.to_builtins(said(judge(post.encode()))) == json.loads(answer)


def test_the_partitions_are_those_of_another_clients_murmur2() -> None:
    found = rows("key | murmur2, without the sign")
    assert len(found) > 4
    for key, number, of_4, of_12 in found:
        positive = murmur2(key.encode()) & 0x7FFFFFFF
        assert (int(number), int(of_4), int(of_12)) == (positive, positive % 4, positive % 12)


def test_the_settings_are_those_that_are_read() -> None:
    told = [row[0] for row in rows("variable")]
    read = re.findall(r"^\| (TRIGGERS_\w+) \|", access.__doc__ or "", re.MULTILINE)
    assert told == read
    given = dict.fromkeys(told, "7") | {"TRIGGERS_COLLECT_ORIGINS": "*"}
    assert Collecting.read(given) == Collecting(frozenset("*"), 7, 7, 7, "7")


def test_the_eight_signals_and_the_options_are_the_sensors() -> None:
    assert {row[0] for row in rows("signal")} == SORTS.keys()
    for signal in SORTS:
        assert f'"{signal}"' in SENSOR
    for name, _, default in rows("option"):
        assert re.search(rf"\b{name} = {default}\b", SENSOR.replace("_", ""))
