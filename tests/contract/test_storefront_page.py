"""docs/storefront.md is true: its examples, its tables, its settings."""

import json
import re
from pathlib import Path

import pytest
from kafka.partitioner import murmur2

from agents.collector import access
from agents.collector.access import Collecting
from agents.collector.validation import Faulty, take
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
    assert [each.id for each in take(block.encode())] == [str(n) for n in range(1, 17)]
    assert {event["type"] for event in json.loads(block)} == TYPES


def test_the_first_post_is_taken_and_the_second_is_refused_as_it_says() -> None:
    first, second = re.findall(r"-d '(.*?)'", PAGE, re.DOTALL)
    assert take(first.encode())[0].id == "7f1c0a52"
    with pytest.raises(Faulty) as caught:
        take(second.encode())
    said = json.loads(re.findall(r"^    (\{\"faults\".*)$", PAGE, re.MULTILINE)[0])
    assert [(f.index, f.reason, f.path) for f in caught.value.faults] == [
        (f["index"], f["reason"], f["path"]) for f in said["faults"]
    ]


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
