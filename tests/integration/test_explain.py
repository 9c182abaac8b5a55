"""The command explain on a live broker and on a backtest's files: the same story in the same words."""

import json
import uuid
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from kafka import KafkaProducer

from agents.__main__ import main
from stream import recipes_file
from tests.integration.replaying import missing, play

T = 1_767_607_200_000
"""Mon 5 Jan 2026 10:00 UTC."""
MINUTE = 60_000

ANNA: tuple[tuple[int, dict[str, Any]], ...] = (
    (0, {"type": "product.viewed", "visitor": "p1", "product": {"id": "lamp", "name": "Lamp"}}),
    (
        2,
        {
            "type": "cart.item_added",
            "visitor": "p1",
            "customer": "anna",
            "item": {"product_id": "lamp", "name": "Lamp", "quantity": 1, "price": 40},
        },
    ),
    (30, {"type": "page.viewed", "visitor": "d1", "customer": "anna"}),
    (130, {"type": "order.placed", "visitor": "d1", "order": {"id": "o-1", "value": 40}}),
)
"""(minutes, event): the worked example of docs/semantics.md."""

BEA: tuple[tuple[int, dict[str, Any]], ...] = (
    (
        140,
        {
            "type": "cart.updated",
            "visitor": "p2",
            "keys": {"email": "nZ3x0bqkR7Jt2c8Yw4mLfQ"},
            "cart": {
                "id": "k2",
                "items": [{"product_id": "lamp", "quantity": 1, "price": "1.299,00"}],
            },
        },
    ),
    (150, {"type": "order.completed", "visitor": "p2"}),
    (240, {"type": "order.placed", "order": {"id": "o-3"}, "keys": {"checkout": "c3"}}),
    (250, {"type": "page.viewed", "visitor": "p2", "keys": {"checkout": "c3"}}),
    (260, {"type": "order.placed", "order": {"id": "o-2", "cart_id": "k2"}}),
)
"""A guest with an e-mail key, an unreadable price and an unknown type. One order names only a checkout,
which her page sends later; another only the cart."""

OFFICE = "of-an-office"
DESKS = tuple(
    (
        300 + n,
        {
            "type": "cart.item_added",
            "visitor": f"desk{n}",
            "keys": {"checkout": OFFICE},
            "item": {"product_id": "lamp", "quantity": 1, "price": 40},
        },
    )
    for n in range(1, 10)
)
SHARED: tuple[tuple[int, dict[str, Any]], ...] = (
    *DESKS,
    (310, {"type": "order.placed", "order": {"id": "o-4"}, "keys": {"checkout": OFFICE}}),
)
"""Nine persons have one checkout within a day. Only the last one gets the order."""


class Explained(NamedTuple):
    """The input of explain: options for the files, variables for the broker."""

    files: tuple[str, ...]
    environ: dict[str, str]
    trigger_id: str


@pytest.fixture(scope="module")
def explained(broker: str, tmp_path_factory: pytest.TempPathFactory) -> Explained:
    folder, prefix = tmp_path_factory.mktemp("explain"), f"t{uuid.uuid4().hex[:10]}."
    lines = [
        json.dumps({"t": T + minutes * MINUTE, "id": f"e{n}", **event}).encode()
        for n, (minutes, event) in enumerate((*ANNA, *BEA, *SHARED))
    ]
    events = folder / "events.jsonl"
    events.write_bytes(b"\n".join(lines))
    assert main(["backtest", str(events), "--out", str(folder)]) == 0
    expected, found = play(broker, prefix, lines, recipes_file.DEFAULT, folder, workers=1)
    assert missing(expected, found) == []
    return Explained(
        ("--from", str(folder), "--events", str(events)),
        {"TRIGGERS_KAFKA": broker, "TRIGGERS_PREFIX": prefix, "TRIGGERS_TIME": "record"},
        next(id for id in map(id_of, found.triggers) if not id.endswith("cancelled")),
    )


def id_of(trigger: bytes) -> str:
    found: str = json.loads(trigger)["id"]
    return found


@pytest.fixture
def at_the_broker(explained: Explained, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in explained.environ.items():
        monkeypatch.setenv(name, value)


def explain(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    capsys.readouterr()
    assert main(["explain", *arguments]) == 0
    return capsys.readouterr().out


@pytest.mark.usefixtures("at_the_broker")
def test_a_story_says_what_the_person_did_and_why_the_message_came(
    capsys: pytest.CaptureFixture[str],
) -> None:
    story = explain(capsys, "customer:anna")
    assert "customer:anna · on d1, p1 · times in UTC" in story
    assert "11:30:00 ✓" in story
    assert "12:10:00 ↩" in story
    assert "In short: 1 sent, 1 cancelled, 1 ended early." in story
    assert story.index("Lamp") < story.index("✓") < story.index("o-1") < story.index("↩")


@pytest.mark.usefixtures("at_the_broker")
def test_a_guests_story_has_unreadable_parts_and_the_order_that_names_only_the_cart(
    capsys: pytest.CaptureFixture[str],
) -> None:
    story = explain(capsys, "email:nZ3x0bqkR7Jt2c8Yw4mLfQ")
    assert "Left out $.cart.items[].price: expected a number, got text." in story
    assert "12:30:00 ! p2 sent order.completed: there is no such type" in story
    assert "Did you mean order.placed?" in story
    assert "14:20:00   somebody (known by the cart k2) ordered (o-2)" in story
    assert "14:00:00   somebody (known by the checkout c3) ordered (o-3)" in story
    assert "13:20:00 ✓" in story
    assert (
        story.index("13:20:00 ✓") < story.index("(o-3)") < story.index("↩") < story.index("(o-2)")
    )


@pytest.mark.usefixtures("at_the_broker")
@pytest.mark.parametrize("name", ["anna", "visitor:p1", "p1"])
def test_she_is_found_by_her_bare_name_and_by_her_devices(
    capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert "11:30:00 ✓" in explain(capsys, name)


@pytest.mark.usefixtures("at_the_broker")
def test_a_trigger_id_gives_the_story_with_its_step_marked(
    capsys: pytest.CaptureFixture[str], explained: Explained
) -> None:
    story = explain(capsys, explained.trigger_id.upper()).splitlines()
    assert story[1].startswith(f"{explained.trigger_id}: ")
    assert [line for line in story if "✓" in line and line.endswith("◀")]


@pytest.mark.usefixtures("at_the_broker")
def test_with_a_shared_key_the_last_owners_story_has_the_order(
    capsys: pytest.CaptureFixture[str],
) -> None:
    heard = f"somebody (known by the checkout {OFFICE}) ordered (o-4)"
    assert heard in explain(capsys, "desk9")
    assert heard not in explain(capsys, "desk1")


@pytest.mark.usefixtures("at_the_broker")
def test_records_that_no_worker_wrote_are_skipped(
    capsys: pytest.CaptureFixture[str], explained: Explained
) -> None:
    before = explain(capsys, "customer:anna")
    prefix = explained.environ["TRIGGERS_PREFIX"]
    producer = KafkaProducer(bootstrap_servers=explained.environ["TRIGGERS_KAFKA"])
    for topic in ("triggers.decisions", "triggers.cart-abandonment"):
        for foreign in (b"no JSON", b"[]", b'{"data":{}}'):
            producer.send(prefix + topic, foreign, key=b"customer:anna")
    producer.flush()
    producer.close()
    assert explain(capsys, "customer:anna") == before


NAMES = ("anna", "p1", "p2", "nZ3x0bqkR7Jt2c8Yw4mLfQ", "trigger", "desk1", "desk9")


@pytest.mark.usefixtures("at_the_broker")
@pytest.mark.parametrize("name", NAMES)
def test_the_topics_give_the_same_story_as_the_files_of_a_backtest(
    capsys: pytest.CaptureFixture[str], explained: Explained, name: str
) -> None:
    asked = explained.trigger_id if name == "trigger" else name
    assert explain(capsys, asked) == explain(capsys, asked, *explained.files)


@pytest.mark.usefixtures("at_the_broker")
def test_times_are_shown_in_the_requested_zone(capsys: pytest.CaptureFixture[str]) -> None:
    assert "12:30:00 ✓" in explain(capsys, "anna", "--zone", "Europe/Berlin")


@pytest.mark.usefixtures("at_the_broker")
def test_an_unknown_person_is_reported_as_unknown(
    capsys: pytest.CaptureFixture[str], explained: Explained
) -> None:
    assert main(["explain", "nobody"]) == 1
    prefix = explained.environ["TRIGGERS_PREFIX"]
    assert f"nothing is known of 'nobody' in the topics {prefix}*" in capsys.readouterr().err


def test_a_broker_that_does_not_answer_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIGGERS_KAFKA", "127.0.0.1:1")
    assert main(["explain", "anna"]) == 1
    assert capsys.readouterr().err.startswith("127.0.0.1:1: ")


def test_missing_files_are_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["explain", "anna", "--from", str(tmp_path / "none")]) == 2
    assert str(tmp_path / "none") in capsys.readouterr().err
