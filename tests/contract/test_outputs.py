"""The core's outputs match their schemas, and every part of the schemas occurs."""

import json
from typing import Any

import msgspec
import pytest

import schemas
from stream.outputs import snapshots, triggers
from stream.outputs.audience_changes import Change, ChangeEvent
from stream.outputs.decisions import Decision
from stream.outputs.erasures import Erasure, ErasureEvent
from stream.outputs.outcomes import WatchOutcome
from stream.state import claims, facts
from tests.contract.day import Said

FACTS = {
    kind.__struct_config__.tag: kind
    for kind in (
        facts.Idle,
        facts.Active,
        facts.Moved,
        facts.Identified,
        facts.Ordered,
        facts.Unordered,
        facts.Consented,
        facts.Supplemented,
        facts.Delivered,
        facts.Subscribed,
        facts.Erased,
        facts.OnsiteDecided,
        facts.WatermarkRecord,
    )
}

CLAIMS = {
    kind.__struct_config__.tag: kind
    for kind in (
        claims.Bound,
        claims.OrderClaim,
        claims.CancelClaim,
        claims.DeliveryClaim,
        claims.ConsentClaim,
        claims.ErasureClaim,
        facts.WatermarkRecord,
    )
}


def test_every_fact_keeps_its_schema(said: Said) -> None:
    kinds = set()
    for value in said.facts:
        fact = json.loads(value)
        schemas.validator(f"facts/{fact['type']}")(fact)
        kinds.add(fact["type"])
    assert kinds >= {"visitor.idle", "visitor.active", "visitor.identified", "order.placed"}


def test_every_trigger_and_cancel_keeps_its_schema(said: Said) -> None:
    names = {triggers.FIRED: "trigger.fired", triggers.CANCELLED: "trigger.cancelled"}
    kinds = set()
    for value in said.triggers:
        event = json.loads(value)
        schemas.validator(names[event["type"]])(event)
        kinds.add(event["type"])
    assert kinds == names.keys()


def test_every_decision_keeps_its_schema(said: Said) -> None:
    outcomes = set()
    for value in said.decisions:
        decision = json.loads(value)
        schemas.validator("decision")(decision)
        outcomes.add(decision["outcome"])
    assert outcomes == {"fired", "refused", "deferred", "closed"}


def fields(kind: type[msgspec.Struct]) -> set[str]:
    return {field.encode_name for field in msgspec.structs.fields(kind)}


def properties(schema: dict[str, Any]) -> set[str]:
    return set(schema["properties"])


@pytest.mark.parametrize(
    ("kind", "schema"),
    [
        (Decision, schemas.load("decision")),
        (WatchOutcome, schemas.load("outcome")),
        (triggers.CloudEvent, schemas.load("cloudevent")),
        (triggers.Fired, schemas.load("trigger.fired")["properties"]["data"]),
        (triggers.Cancelled, schemas.load("trigger.cancelled")["properties"]["data"]),
        (snapshots.CartSnapshot, schemas.load("output")["definitions"]["cart"]),
        (snapshots.CartItem, schemas.load("output")["definitions"]["item"]),
        (snapshots.OrderSnapshot, schemas.load("output")["definitions"]["order"]),
        (snapshots.OrderedProduct, schemas.load("output")["definitions"]["ordered_product"]),
        (ChangeEvent, schemas.load("cloudevent")),
        (Change, schemas.load("audience.entered")["properties"]["data"]),
        (ErasureEvent, schemas.load("cloudevent")),
        (Erasure, schemas.load("person.erased")["properties"]["data"]),
        (snapshots.Product, schemas.load("output")["definitions"]["product"]),
        (facts.Summary, schemas.load("fact")["definitions"]["summary"]),
        (facts.CartSummary, schemas.load("fact")["definitions"]["cart"]),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)
def test_a_schema_names_exactly_the_fields_that_are_written(
    kind: type[msgspec.Struct], schema: dict[str, Any]
) -> None:
    assert properties(schema) == fields(kind)


@pytest.mark.parametrize("name", FACTS, ids=str)
def test_a_facts_schema_names_exactly_the_fields_that_are_written(name: str) -> None:
    envelope = set() if name == "mark" else properties(schemas.load("fact"))
    assert properties(schemas.load(f"facts/{name}")) | envelope == fields(FACTS[name]) | {"type"}


def test_every_fact_has_a_schema_and_no_other() -> None:
    assert {f"facts/{name}" for name in FACTS} == set(schemas.names("facts"))


@pytest.mark.parametrize("name", CLAIMS, ids=str)
def test_a_claims_schema_names_exactly_the_fields_that_are_written(name: str) -> None:
    envelope = set() if name == "mark" else properties(schemas.load("claim"))
    assert properties(schemas.load(f"claims/{name}")) | envelope == fields(CLAIMS[name]) | {"type"}


def test_every_claim_has_a_schema_and_no_other() -> None:
    assert {f"claims/{name}" for name in CLAIMS} == set(schemas.names("claims"))
