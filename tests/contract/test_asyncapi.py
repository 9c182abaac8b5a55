"""The AsyncAPI document is generated from the topic list and the schemas, and the page shows it."""

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import schemas
from agents.generate import asyncapi, asyncapi_html

PAGE = asyncapi_html.text()
MESSAGES = asyncapi.document()["components"]["messages"]


class Texts(HTMLParser):
    """All texts of a page; raises an error for elements closed in the wrong order."""

    VOID = frozenset({"meta", "link"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.links += [link for name in ("href", "src") if (link := given.get(name))]
        self.ids += [id for name in ("id",) if (id := given.get(name))]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def read() -> Texts:
    page = Texts()
    page.feed(PAGE)
    page.close()
    assert page.open == []
    return page


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for part in node.values():
            yield from references(part)


@pytest.mark.parametrize(
    ("file", "made"), [(asyncapi.PAGE, asyncapi.text()), (asyncapi_html.PAGE, PAGE)]
)
def test_the_generated_files_are_up_to_date(file: Path, made: str) -> None:
    assert file.read_text(encoding="utf-8") == made, "run python -m agents.generate.asyncapi"


def test_every_reference_leads_somewhere() -> None:
    page = asyncapi.document()
    found = set(references(page))
    assert found
    for reference in found:
        if reference.startswith("./"):
            schemas.load(reference.removeprefix("./").removesuffix(".json"))
            continue
        place = page
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]


def test_only_what_others_read_or_write_is_shown() -> None:
    addresses = {channel["address"] for channel in asyncapi.document()["channels"].values()}
    assert addresses == {
        "storefront.events",
        "triggers.{recipe}",
        "triggers.decisions",
        "triggers.shadow",
        "triggers.outcomes",
        "audiences",
        "people.erased",
        "recipes",
        "storefront.rejected",
        "sender.undelivered",
        "bridge.unreadable",
    }


def test_every_type_of_event_is_shown() -> None:
    shown = asyncapi.document()["channels"]["storefront-events"]["messages"]
    assert len(shown) == len(schemas.names("events"))


def test_the_page_shows_every_topic_and_message() -> None:
    page = read()
    text = "".join(page.texts)
    for channel in asyncapi.document()["channels"].values():
        assert channel["address"] in text
        assert channel["description"] in text
    for message in MESSAGES.values():
        assert message["title"] in text
        assert message["summary"] in text


def test_every_required_value_is_on_the_page() -> None:
    for name in (*schemas.names("events"), "trigger.fired", "decision", "rejected"):
        given = schemas.load(name)
        needed = {field.path for field in asyncapi_html.fields(given) if field.required}
        assert set(given.get("required", ())) <= needed
    paths = [field.path for field in asyncapi_html.fields(schemas.load("trigger.fired"))]
    assert {"id", "data.trigger_id", "data.cart.items[].product_id", "data.valid_until"} <= {*paths}


def test_the_page_runs_no_code_of_its_own_and_leads_nowhere_else() -> None:
    page = read()
    assert "<script>" not in PAGE
    assert "style=" not in PAGE
    assert all(link.startswith(("/", "#")) for link in page.links)
    assert {link[1:] for link in page.links if link.startswith("#")} <= {*page.ids}
    static = Path(asyncapi.__file__).parents[1] / "console" / "static"
    files = [link.removeprefix("/static/") for link in page.links if link.startswith("/static/")]
    assert all((static / file).is_file() for file in files)
