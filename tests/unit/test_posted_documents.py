"""The faults of a body that is neither an event nor a list of events."""

import pytest

from agents.collector.documents import events_of
from agents.collector.notes import Note, Unreadable


def said(body: bytes) -> Note:
    with pytest.raises(Unreadable) as caught:
        events_of(body)
    return caught.value.note


def test_an_empty_body_and_an_empty_list_have_different_faults() -> None:
    assert said(b"") == Note(None, "empty", "$", "an event, or a list of them", "nothing")
    assert said(b" [ ] ").got == "an empty list"


@pytest.mark.parametrize(
    ("body", "encoding"),
    [(b'\xef\xbb\xbf{"id": 1}', "UTF-8"), ('{"id": 1}'.encode("utf-16"), "UTF-16")],
)
def test_a_byte_order_mark_is_called_one(body: bytes, encoding: str) -> None:
    note = said(body)
    assert note.reason == "byte_order_mark"
    assert note.got == f"the byte order mark of {encoding}"


def test_lines_in_place_of_a_list_are_called_so() -> None:
    note = said(b'{"id": 1}\n\n{"id": 2}\r\n{"id": 3}\n')
    assert (note.reason, note.expected) == ("several_lines", "a list: [event, event]")
    assert note.got == "3 lines, an event each"


@pytest.mark.parametrize(
    ("body", "place", "expected", "got"),
    [
        (
            b'{"id": 1',
            (8, 1, 9),
            "a comma, or the end of the list or object",
            "the end of the body",
        ),
        (b'{"id": 1}{"id": 2}', (9, 1, 10), "the end of the body", "something else"),
        (b'[{"id": 1},\n {"id" 2}]', (19, 2, 8), "a colon", "something else"),
        ('[{"ü": 1}, x]'.encode(), (12, 1, 12), "a value", "something else"),
        (b'[{"id": 1}]]', (11, 1, 12), "the end of the body", "something else"),
        (b"{'id': 1}", (1, 1, 2), "a name in double quotes", "something else"),
        (b'{"id": "1', (7, 1, 8), "the end of this text", "the end of the body"),
        (b"<script>", (0, 1, 1), "a value", "something else"),
    ],
)
def test_broken_json_is_reported_with_its_place_and_what_was_expected(
    body: bytes, place: tuple[int, int, int], expected: str, got: str
) -> None:
    note = said(body)
    assert note.reason == "not_json"
    assert (note.position, note.line, note.column) == place
    assert (note.expected, note.got) == (expected, got)


def test_bytes_that_are_not_utf_8_are_reported_with_their_position() -> None:
    note = said(b'[1, \n"\xff" x')
    assert (note.reason, note.expected, note.position, note.line) == ("not_json", "UTF-8", 6, 2)


def test_elements_that_only_python_reads_leave_the_others_their_bytes() -> None:
    parts = [b'{"id": NaN}', b'{"id" :  "\\ud800"}', '{"id":"ü"}'.encode(), b"9" * 5_000]
    assert events_of(b"[" + b" , ".join(parts) + b" ]\n") == list(enumerate(parts))


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":' * 100_000,
        b'{"a": NaN, "b":' + b"[" * 100_000,
        b'[{"a": NaN},' + b"[" * 100_000,
        b"[" * 100_000,
    ],
)
def test_a_body_that_is_nested_too_deeply_is_called_so(body: bytes) -> None:
    note = said(body)
    assert (note.reason, note.path) == ("too_deep", "$")
    assert (note.expected, note.got) == ("up to 400 levels of nesting", "more")


def test_lines_that_are_not_all_objects_are_broken_json() -> None:
    for body in (b'{"a":1}\n{"b"', b'{"a":1}\n[]', b'{"a":1}\n7', b'{"a":1} 7\n'):
        assert said(body).reason == "not_json"
    assert said(b'{"a":1}\n{"b":2}').got == "2 lines, an event each"
