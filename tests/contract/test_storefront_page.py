"""docs/storefront.md is correct: its examples, tables and settings."""

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from kafka.partitioner import murmur2

import schemas
from agents.collector import access
from agents.collector.access import Collecting
from agents.collector.handler import said
from agents.collector.validation import judge
from stream import backtest, recipes_file
from stream.events.decoding import faults, parse
from stream.events.types import TYPES
from stream.kinds.exit_score import SORTS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "storefront.md").read_text()
SENSOR = (ROOT / "agents" / "console" / "static" / "shop" / "exit-sensor.js").read_text()


HASH = "nZ3x0bqkR7Jt2c8Yw4mLfQ"


def listed(found: Any) -> list[dict[str, Any]]:
    return found if isinstance(found, list) else [found]


def rows(first: str) -> list[list[str]]:
    """The cells of each row of the table whose header starts with `first`, without the header."""
    table = PAGE[PAGE.index(f"| {first} |") :].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip().strip("`") for cell in row.strip("|").split(" | ")] for row in table]


BLOCKS = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
EXAMPLES = [event for block in BLOCKS for event in listed(json.loads(block))]


def test_the_examples_show_every_type_and_are_accepted() -> None:
    taken = [each.id for block in BLOCKS for each in judge(block.encode()).taken]
    assert taken == [str(n) for n in range(1, len(EXAMPLES) + 1)]
    assert {event["type"] for event in json.loads(BLOCKS[0])} == TYPES


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: f"{event['id']}-{event['type']}")
def test_only_nulls_of_an_example_are_left_out(event: dict[str, Any]) -> None:
    """Some examples show that a null affects only its field."""
    assert [fault for fault in faults(json.dumps(event).encode()) if fault.got != "null"] == []


def test_the_table_of_types_has_every_type() -> None:
    assert {row[0] for row in rows("type")} == TYPES


def test_the_pseudo_visitors_match_the_server_table() -> None:
    """Compares the examples that name no visitor, in order."""
    events = [event for event in EXAMPLES if "visitor" not in event]
    found = [parse(json.dumps(event).encode()) for event in events]
    names = ["~customer:4711", "~cart:c-77", "~checkout:k-5", f"~email:{HASH}", "~customer:4711"]
    assert [event and event.visitor for event in found] == names
    fields = {row[2].strip("`").partition(":")[0] for row in rows("the server knows")[1:]}
    assert fields == {"~cart", "~checkout", "~customer", "~email", "~phone"}


def test_the_key_of_an_address_is_computed_as_documented() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    made: dict[str, Any] = {}
    exec(code, made)
    key = made["key"](b"s" * 32, "anna@shop.example")
    event = {"id": "1", "type": "order.placed", "keys": {"email": key}}
    assert len(key) == 43
    assert faults(json.dumps(event).encode()) == ()


def test_the_reasons_of_a_rejection_are_all_of_the_schema() -> None:
    said = PAGE[PAGE.index("Reasons of a rejection:") :].partition("The console")[0]
    reasons = schemas.load("rejected")["properties"]["reason"]["enum"]
    assert set(re.findall(r"`(\w+)`", said)) == set(reasons)


FAILS = {"type": "payment.failed", "order": {"id": "o1"}}
BOUGHT = (
    {"type": "cart.updated", "visitor": "v", "customer": "a",
     "cart": {"id": "c", "items": [{"product_id": "tent", "price": 449}]}},
    {"type": "order.placed", "visitor": "v", "order": {"id": "o1", "cart_id": "c"}},
)  # fmt: skip


@pytest.mark.parametrize(
    ("who", "reminders"),
    [
        pytest.param({"visitor": "v"}, [1, 1, 1], id="the visitor: with the cart"),
        pytest.param({"customer": "a"}, [0, 0, 0], id="the customer: without a cart"),
        pytest.param({"keys": {"cart": "c"}}, [], id="the cart alone: nobody is reminded"),
    ],
)
def test_a_failed_payment_reminds_the_person_that_it_names(
    who: dict[str, Any], reminders: list[int]
) -> None:
    """`reminders`: the lines of the cart in each."""
    events = [*BOUGHT, {**FAILS, **who}]
    lines = [
        json.dumps({"t": 1767607200000 + n * 600_000, "id": f"e{n}", **event}).encode()
        for n, event in enumerate(events)
    ]
    fired, _ = backtest.decide(lines, recipes_file.DEFAULT)
    carts = [json.loads(value)["data"]["cart"] for value in fired]
    assert [len(cart["items"]) for cart in carts] == reminders


def test_the_example_posts_get_the_documented_answers() -> None:
    posts = re.findall(r"-d '(.*?)'", PAGE, re.DOTALL)
    answers = re.findall(r"^    (\{\"ids\".*?\})$", PAGE, re.MULTILINE | re.DOTALL)
    assert len(posts) == len(answers) + 1
    assert judge(posts[0].encode()).taken[0].id == "7f1c0a52"
    for post, answer in zip(posts[1:], answers, strict=True):
        assert msgspec.to_builtins(said(judge(post.encode()))) == json.loads(answer)


def test_partitions_match_another_clients_murmur2() -> None:
    found = rows("key | murmur2, without the sign")
    assert len(found) > 4
    for key, number, of_4, of_12 in found:
        positive = murmur2(key.encode()) & 0x7FFFFFFF
        assert (int(number), int(of_4), int(of_12)) == (positive, positive % 4, positive % 12)


def test_the_documented_settings_match_those_read() -> None:
    fields = [row[0] for row in rows("variable")]
    read = re.findall(r"^\| (TRIGGERS_\w+) \|", access.__doc__ or "", re.MULTILINE)
    assert fields == read
    given = dict.fromkeys(fields, "7") | {"TRIGGERS_COLLECT_ORIGINS": "*"}
    assert Collecting.read(given) == Collecting(frozenset("*"), 7, 7, 7, "7")


def test_the_eight_signals_and_the_options_are_the_sensors() -> None:
    assert {row[0] for row in rows("signal")} == SORTS.keys()
    for signal in SORTS:
        assert f'"{signal}"' in SENSOR
    for name, _, default in rows("option"):
        assert re.search(rf"\b{name} = {default}\b", SENSOR.replace("_", ""))
