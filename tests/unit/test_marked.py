"""What a fault of a YAML file is called: what was expected there, and what came."""

from typing import Any

import fastjsonschema
import pytest
import yaml

from stream.marked import explained, line_of, repeated

SCHEMA: dict[str, Any] = {
    "title": "A file",
    "type": "object",
    "required": ["a", "b"],
    "properties": {
        "a": {"type": ["string", "integer"], "minLength": 2},
        "b": {"title": "a colour", "enum": ["red", "green", "blue"]},
        "c": {"type": "array", "minItems": 1, "maxItems": 2, "items": {"type": "integer"}},
        "d": {"type": "number", "minimum": 1, "maximum": 9},
        "e": {"type": "object", "minProperties": 1},
        "f": {"title": "a day of the week", "type": "string", "pattern": "day$"},
        "g": {"type": "string", "pattern": "^x", "maxLength": 3},
    },
    "additionalProperties": False,
}


def what(document: Any, quoting: bool = True) -> str:
    with pytest.raises(fastjsonschema.JsonSchemaValueException) as caught:
        fastjsonschema.compile(SCHEMA)(document)
    path, said = explained(caught.value, quoting)
    return f"{'.'.join(path)}: {said}"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"a": []}, "a: expected a text or a whole number, got a list"),
        ({"a": {"x": 1}}, "a: expected a text or a whole number, got a map of fields"),
        ({"a": "x"}, 'a: expected a text of 2 or more characters, got "x"'),
        ({"b": "gren"}, "b: is no value here: did you mean green?"),
        ({"b": 7}, "b: is no value here: expected one of red, green, blue"),
        ({"c": []}, "c: expected a list of 1 or more, got a list"),
        ({"c": [1, 2, 3]}, "c: expected a list of 2 or fewer, got a list"),
        ({"c": [None]}, "c.0: expected a whole number, got null"),
        ({"d": 0}, "d: expected 1 or more, got 0"),
        ({"d": 10}, "d: expected 9 or less, got 10"),
        ({"e": {}}, "e: expected 1 or more fields, got a map of fields"),
        ({"f": "May"}, 'f: expected a day of the week, got "May"'),
        ({"f": "é" * 50}, 'f: expected a day of the week, got "' + 38 * "é" + "…"),
        ({"g": "yy"}, 'g: expected a value that fits pattern "^x", got "yy"'),
        ({"g": "xxxx"}, 'g: expected a text of 3 or fewer characters, got "xxxx"'),
        ({"h": 1}, "h: is no field here: expected one of a, b, c, d, e, f, g"),
    ],
)
def test_a_fault_says_what_was_expected_and_what_came(given: dict[str, Any], said: str) -> None:
    assert what({"a": "xx", "b": "red", **given}) == said


def test_of_missing_fields_the_first_is_named() -> None:
    assert what({}) == ": a is missing"
    assert what({"a": 1}) == ": b is missing"


def test_the_title_of_the_whole_schema_is_not_what_is_expected() -> None:
    assert what(5) == ": expected a map of fields, got 5"


def test_no_value_is_quoted_where_it_may_be_a_secret() -> None:
    assert what({"a": 1, "b": "red", "f": "hush"}, quoting=False) == (
        "f: expected a day of the week"
    )


def found(text: str) -> list[tuple[int, str]]:
    return list(repeated(yaml.SafeLoader(text).get_single_node()))


def test_a_field_that_a_map_has_twice_is_found_at_its_second_place() -> None:
    assert found("a:\n- b: 1\n  c: 2\n  b: 3\n") == [(4, "b")]
    assert found("- {a: 1}\n- {a: 1}\n") == []


def test_maps_that_are_merged_may_have_equal_fields() -> None:
    assert found("- &x {a: 1}\n- &y {a: 2}\n- {<<: *x, <<: *y, a: 3}\n") == []


def test_a_list_of_names_is_no_field_that_is_there_twice() -> None:
    assert found("? [a]\n: 1\n? [a]\n: 2\n") == []


def test_a_file_that_holds_itself_is_walked_once() -> None:
    assert found("&a {b: *a, c: [*a], c: 1}") == [(1, "c")]


def test_an_empty_file_has_no_fields() -> None:
    assert found("") == []


LINES = """\
a:
  - b: 1

  - b.c: 2
    "": 3
  -

    d: 4
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ([], 1),
        (["a"], 2),
        (["a", "0", "b"], 2),
        (["a", "1"], 4),
        (["a", "1", "b", "c"], 4),
        (["a", "1", "b", "d"], 4),
        (["a", "2", "d"], 8),
        (["a", "2", "e", "f"], 8),
        (["a", "3"], 2),
    ],
)
def test_the_line_of_a_path_is_that_of_its_innermost_part(path: list[str], line: int) -> None:
    assert line_of(yaml.SafeLoader(LINES).get_single_node(), path) == line


def test_a_missing_field_is_not_the_field_without_a_name() -> None:
    root = yaml.SafeLoader('a: 1\n"":\n  b: 2\n').get_single_node()
    assert line_of(root, ["b"]) == 1


def test_a_file_without_a_value_has_one_line() -> None:
    assert line_of(None, ["a"]) == 1
