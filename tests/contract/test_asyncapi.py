"""The AsyncAPI page is what the topic list and the schemas make of it."""

from collections.abc import Iterator
from typing import Any

import schemas
from agents import asyncapi


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        for part in node.values():
            yield from references(part)


def test_the_page_is_up_to_date() -> None:
    made = asyncapi.PAGE.read_text(encoding="utf-8")
    assert made == asyncapi.text(), "run python -m agents.asyncapi"


def test_every_reference_leads_somewhere() -> None:
    page = asyncapi.document()
    found = set(references(page))
    assert found
    for reference in found:
        if reference.startswith("./"):
            schemas.load(reference.removeprefix("./").removesuffix(".json"))
            continue
        node = page
        for step in reference.removeprefix("#/").split("/"):
            node = node[step]


def test_only_what_others_read_or_write_is_shown() -> None:
    addresses = {channel["address"] for channel in asyncapi.document()["channels"].values()}
    assert addresses == {
        "storefront.events",
        "triggers.{recipe}",
        "triggers.decisions",
        "storefront.rejected",
        "sender.undelivered",
    }


def test_every_type_of_event_is_shown() -> None:
    shown = asyncapi.document()["channels"]["storefront-events"]["messages"]
    assert len(shown) == len(schemas.names("events"))
