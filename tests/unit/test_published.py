"""Documents of the topic `recipes`: when each is in force, and how they are listed."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from agents.published import document_listing, publisher
from agents.published.in_force import history
from agents.published.published_document import PublishedDocument, read, value_of
from agents.published.timetable import Timetable
from stream.recipes_file import DEFAULT

AT = 1_767_571_200_000
NOTICE = 5_000  # ms until a document is in force
CART: dict[str, Any] = {"recipes": [{"name": "cart-abandonment"}]}


def document(
    offset: int, appended: int, start: int | None = None, live: bool = True
) -> PublishedDocument:
    value = value_of(CART, start, "anna@shop", f"note {offset}")
    return read(offset, appended, value, live)


@pytest.mark.parametrize(
    ("start", "since"),
    [
        (None, AT + NOTICE),
        (AT - 1, AT + NOTICE),
        (AT + NOTICE, AT + NOTICE),
        (AT + NOTICE + 1, AT + NOTICE + 1),
    ],
)
def test_a_document_is_in_force_from_the_larger_of_two_times(start: int | None, since: int) -> None:
    assert document(0, AT, start).since == since


@pytest.mark.parametrize(("start", "since"), [(None, -1), (7, 7)])
def test_in_a_replay_only_the_records_time_counts(start: int | None, since: int) -> None:
    assert document(0, AT, start, live=False).since == since


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        (None, "not JSON"),
        (b"\xff", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "file: expected a map of fields, got a list"),
        (b"{}", "file: document is missing"),
        (b'{"document": [], "from": 1}', "document: expected a map of fields, got a list"),
        (
            b'{"document": {}, "from": "tomorrow"}',
            'from: expected a whole number or null, got "tomorrow"',
        ),
        (
            b'{"document": {"recipe": []}}',
            "document.recipe: is no field here: did you mean recipes?",
        ),
        (
            b'{"document": {"recipes": [{"name": "x", "kind": "y"}]}}',
            "document.recipes[0].kind: there is no kind y: ",
        ),
        (
            b'{"document": {"recipes": [{"name": "exit-intent"}, {"name": "exit-intent"}]}}',
            "document.recipes[1].name: exit-intent is there twice",
        ),
    ],
)
def test_a_bad_record_has_a_fault_and_no_recipes(value: bytes | None, fault: str) -> None:
    found = read(4, AT, value)
    assert found.recipes is None
    assert found.fault.startswith(fault)
    assert Timetable([found]).in_order == ()


def test_the_later_record_of_two_with_one_time_is_in_force() -> None:
    first, second = document(0, AT, AT + 60_000), document(1, AT + 10, AT + 60_000)
    table = Timetable([first, second])
    assert table.at(AT + 59_999) is None
    assert table.at(AT + 60_000) is second
    assert table.states(AT + 60_000) == ["replaced", "in force"]


def test_a_document_for_later_waits_for_its_time() -> None:
    later, sooner = document(0, AT, AT + 3_600_000), document(1, AT + 1_000)
    table = Timetable([later, sooner])
    assert table.states(AT + 10_000) == ["coming", "in force"]
    assert table.states(AT + 3_600_000) == ["in force", "former"]
    assert table.before(AT + 3_600_000) is sooner
    assert table.before(AT + 10_000) is None


def test_a_list_has_the_newest_first_and_what_holds_before() -> None:
    bad = read(2, AT, b"{")
    table = Timetable([document(0, AT), document(1, AT + 1_000, AT + 86_400_000), bad])
    assert list(document_listing.listed(table, AT + 10_000, "recipes.yaml")) == [
        "  3  never in force           refused   -  refused: not JSON",
        "  2  2026-01-06 00:00:00 UTC  coming    anna@shop  note 1",
        "  1  2026-01-05 00:00:05 UTC  in force  anna@shop  note 0",
        "  0  before these             former    recipes.yaml",
    ]
    assert [row["state"] for row in json.loads(document_listing.as_json(table, AT + 10_000))] == [
        "in_force",
        "coming",
        "refused",
    ]


def test_a_history_for_a_backtest_has_all_documents_in_order() -> None:
    table = Timetable([document(0, AT, AT + 99_000), document(1, AT), read(2, AT, b"{")])
    found = table.as_history({})["history"]
    assert found == [
        {},
        {**CART, "from": AT + NOTICE, "by": "anna@shop", "note": "note 1"},
        {**CART, "from": AT + 99_000, "by": "anna@shop", "note": "note 0"},
    ]


@pytest.mark.parametrize(
    ("text", "since"),
    [
        ("2026-01-05", AT),
        ("2026-01-05T01:00+01:00", AT),
        (str(AT), AT),
        ("+2h", AT + 7_200_000 + 43_200_000),
        ("tomorrow", AT + 86_400_000),
    ],
)
def test_a_time_to_come_is_read_as_people_say_it(text: str, since: int) -> None:
    now = datetime(2026, 1, 5, 12, tzinfo=UTC)
    assert publisher.start(text, now) == since


@pytest.mark.parametrize("text", ["soon", "+soon", "12", "2h"])
def test_a_text_that_is_not_a_time_is_refused_with_the_forms(text: str) -> None:
    with pytest.raises(ValueError, match="expected 2026-11-28"):
        publisher.start(text, datetime(2026, 1, 5, tzinfo=UTC))


def test_a_history_has_the_documents_without_a_fault() -> None:
    documents = [document(0, AT), read(1, AT, b"{"), document(2, AT + 9)]
    found = history(DEFAULT, documents)
    assert [each.since for each in found.documents[1:]] == [AT + NOTICE, AT + 9 + NOTICE]
    assert found.at(AT).names == DEFAULT.names
    assert found.at(AT + NOTICE).names == ("cart-abandonment",)


def test_a_file_with_a_history_cannot_be_published() -> None:
    found = read(0, AT, value_of({"history": [{}]}, None, "anna", "why"))
    assert found.fault == (
        "document.history: is no field here: expected one of audiences, policy, recipes"
    )
    assert (found.by, found.note, found.recipes) == ("anna", "why", None)
