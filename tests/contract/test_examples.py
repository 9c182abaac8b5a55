"""Every example in schemas/examples is valid, or rejected at the named path, as its folder says."""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from fastjsonschema import JsonSchemaValueException

import schemas
from stream.events import decoding, types
from stream.state import claims, facts

FOLDER = Path(__file__).parents[2] / "schemas" / "examples"
VALID = sorted(FOLDER.glob("**/valid/*.json"))
INVALID = sorted(FOLDER.glob("**/invalid/*.json"))
EVENT_SCHEMAS = [*schemas.names("events"), "envelope"]
OTHERS = [
    "recipes",
    "recipes.published",
    "sources",
    "trigger.fired",
    "trigger.cancelled",
    "decision",
    "outcome",
    "audience.entered",
    "audience.left",
    "person.erased",
    "rejected",
    "undelivered",
    "unreadable",
]
TOLD = [*schemas.names("facts"), *schemas.names("claims")]
PROMISED = [*EVENT_SCHEMAS, *TOLD, *schemas.names("kinds"), *OTHERS]


def schemaexamples_of(example: Path) -> str:
    return str(example.parents[1].relative_to(FOLDER))


def label(example: Path) -> str:
    return f"{schemaexamples_of(example)}/{example.stem}"


def examples_of(names: Iterable[str]) -> list[Path]:
    return [example for example in VALID if schemaexamples_of(example) in set(names)]


def read(example: Path) -> Any:
    return json.loads(example.read_text(encoding="utf-8"))


@pytest.mark.parametrize("example", VALID, ids=label)
def test_a_valid_example_is_accepted(example: Path) -> None:
    schemas.validator(schemaexamples_of(example))(read(example))


@pytest.mark.parametrize("example", INVALID, ids=label)
def test_an_invalid_example_is_refused_at_the_named_path(example: Path) -> None:
    given = read(example)
    assert given["why"]
    with pytest.raises(JsonSchemaValueException) as caught:
        schemas.validator(schemaexamples_of(example))(given["document"])
    if schemaexamples_of(example) in EVENT_SCHEMAS:
        found = decoding.faults(json.dumps(given["document"]).encode())
        first = next((fault for fault in found if fault.essential), found[0])
        assert (first.reason, first.path) == (given["reason"], given["path"])
        assert given["costs"] == ("the event" if first.essential else "the part")
    else:
        assert re.sub("^data", "$", caught.value.name or "") == given["path"]


@pytest.mark.parametrize("example", examples_of(EVENT_SCHEMAS), ids=label)
def test_a_valid_event_is_decoded(example: Path) -> None:
    event = decoding.decode(example.read_bytes())
    assert event is not None
    assert event.faults == ()


@pytest.mark.parametrize("example", examples_of(schemas.names("facts")), ids=label)
def test_a_valid_fact_is_decoded(example: Path) -> None:
    facts.decode(example.read_bytes())


@pytest.mark.parametrize("example", examples_of(schemas.names("claims")), ids=label)
def test_a_valid_claim_is_decoded(example: Path) -> None:
    claims.decode(example.read_bytes())


@pytest.mark.parametrize("schema", PROMISED)
def test_a_promise_has_examples_of_both_sorts(schema: str) -> None:
    refused = 2 if schema in EVENT_SCHEMAS else 1
    assert len(list((FOLDER / schema / "valid").glob("*.json"))) >= 1
    assert len(list((FOLDER / schema / "invalid").glob("*.json"))) >= refused


def test_every_folder_of_examples_belongs_to_a_schema() -> None:
    assert {schemaexamples_of(example) for example in [*VALID, *INVALID]} == set(PROMISED)


def test_every_type_that_is_decoded_has_a_schema_and_no_other() -> None:
    assert {f"events/{kind}" for kind in types.TYPES} == set(schemas.names("events"))
