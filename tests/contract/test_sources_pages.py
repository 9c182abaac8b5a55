"""Every kind of source has a page. Its sources file is valid, and its first event is accepted."""

import json
import re
import shlex
import textwrap
import tomllib
from base64 import b64encode
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from agents.connect.contacts import keyed
from agents.connect.sources import Connected, load
from agents.faces.paths import Route, route_of
from agents.faces.trying import Tried, tried
from stream.connect.registry import REGISTRY

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
FOLDER = DOCS / "sources"
PAGES = sorted(file for file in FOLDER.glob("*.md") if file.name != "README.md")
BROWSER = ROOT / "tests" / "clients" / "browser"
HEADINGS = ["sources.yaml", "Try it", "What it can tell, and what not"]
PEPPER = b"a pepper of thirty-two bytes, or more"
FIELDS = ("events", "steps", "consent", "cart_authority", "currency", "region", "network_userid")
"""Fields of a source that a page may show alone, such as `steps: {Delivery: shipping}`."""


def label(page: Path) -> str:
    return page.stem


class Curl(NamedTuple):
    """A curl request from a page."""

    method: str
    path: str
    headers: dict[str, str]
    user: str | None
    body: bytes


def sources_file(page: Path) -> str:
    text = page.read_text(encoding="utf-8")
    return textwrap.dedent(
        re.findall(r"^ *```yaml\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL)[0]
    )


def sources(page: Path) -> tuple[Connected, ...]:
    return load(sources_file(page), page.name, keyed=lambda region: keyed(PEPPER, region))


def curls(page: Path) -> list[Curl]:
    """The requests to the collector on a page."""
    commands = re.findall(r"^curl .*(?:\n(?:  |\").*)*", page.read_text(), re.MULTILINE)
    return [curl(each) for each in commands if "8091" in each]


def fields(page: Path) -> list[dict[str, Any]]:
    """The fields of a source that a page shows alone."""
    names = "|".join(FIELDS)
    found = re.findall(rf"`((?:{names}): [^`]+)`", page.read_text(encoding="utf-8"))
    return [yaml.safe_load(each) for each in found]


def attempt(page: Path, request: Curl) -> Tried:
    """What `connect try` makes of a request, for the source that it is for."""
    path, _, query = request.path.partition("?")
    route = route_of(request.method, path)
    assert isinstance(route, Route)
    headers = {name.lower(): value for name, value in request.headers.items()}
    if request.user is not None:
        headers["authorization"] = f"Basic {b64encode(request.user.encode()).decode()}"
    source = next(each for each in sources(page) if each.source.kind in route.face.kinds)
    options: dict[str, Any] = {"path": path, "query": query, "headers": headers}
    return tried(source, body=request.body, method=request.method, **options)


def curl(command: str) -> Curl:
    words = iter(shlex.split(command.replace("\\\n", " "), comments=True)[1:])
    told: dict[str, Any] = {"method": None, "headers": {}, "user": None, "body": b"", "path": ""}
    for word in words:
        if word == "-H":
            name, _, value = next(words).partition(":")
            told["headers"][name] = value.strip()
        elif word == "-u":
            told["user"] = next(words)
        elif word == "-d":
            told["body"] = next(words).encode()
        elif word == "-X":
            told["method"] = next(words)
        elif word.startswith("http://"):
            told["path"] = "/" + word.removeprefix("http://").partition("/")[2]
    told["method"] = told["method"] or ("POST" if told["body"] else "GET")
    return Curl(**told)


def test_every_kind_of_source_is_on_a_page() -> None:
    told = {each.source.kind for page in PAGES for each in sources(page)}
    assert told == set(REGISTRY)


def test_the_list_of_pages_has_each() -> None:
    listed = re.findall(r"\]\(([a-z0-9-]+\.md)\)", (FOLDER / "README.md").read_text())
    assert set(listed) == {page.name for page in PAGES}


@pytest.mark.parametrize("page", PAGES, ids=label)
def test_each_page_says_what_to_set_how_to_try_it_and_its_limits(page: Path) -> None:
    found = re.findall(r"^## (.+)$", page.read_text(), re.MULTILINE)
    assert [heading for heading in HEADINGS if heading not in found] == []
    for word in ("**Joins**", "**Consent**"):
        assert word in page.read_text() or page.stem in ("cloudevents", "adobe-commerce")


@pytest.mark.parametrize("page", PAGES, ids=label)
def test_the_addresses_on_a_page_are_answered(page: Path) -> None:
    found = re.findall(r"https://collect\.shop\.example(/[\w./-]*)", page.read_text())
    for path in found:
        route = route_of("POST", path)
        assert isinstance(route, Route), path
        if route.name is not None:
            names = [each.source.name for each in sources(page)]
            keys = [key for each in sources(page) for key in each.keys]
            assert route.name in [*names, *keys]


@pytest.mark.parametrize("page", PAGES, ids=label)
def test_each_request_of_a_page_is_taken_whole(page: Path) -> None:
    found = [attempt(page, each) for each in curls(page)]
    assert found, "a page without a request to try"
    for each in found:
        assert each.answer in ("200", "204")
        assert each.judged.taken
        assert (each.left_out, each.judged.left_out, each.judged.refused) == ([], [], [])


@pytest.mark.parametrize("page", [*PAGES, DOCS / "bridge.md"], ids=label)
def test_each_sources_file_and_each_field_on_a_page_is_valid(page: Path) -> None:
    file = sources_file(page)
    assert load(file, page.name)
    for each in fields(page):
        document = yaml.safe_load(file)
        document["sources"][0].update(each)
        assert load(yaml.safe_dump(document), f"{page.name} with {each}")


def test_pages_show_fields_of_a_source() -> None:
    assert sum(len(fields(page)) for page in PAGES) > 8


def test_a_command_on_a_page_is_read_as_a_shell_does() -> None:
    read = curl("curl -i -u k: -H 'A: b' http://127.0.0.1:8091/v1/t?x=1 -d '{\n  \"a\": 1}'")
    assert read == Curl("POST", "/v1/t?x=1", {"A": "b"}, "k:", b'{\n  "a": 1}')


def test_the_clients_that_walk_are_named_with_their_versions() -> None:
    told = (FOLDER / "README.md").read_text(encoding="utf-8").partition("## Tested with")[2]
    group = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]["clients"]
    folder = ROOT / "tests" / "clients" / "node"
    pinned = json.loads((folder / "package.json").read_text())["dependencies"]
    scripts = "".join(script.read_text() for script in folder.glob("*.mjs"))
    pages = "".join(page.read_text() for page in BROWSER.glob("*.html"))
    node = [
        f"{name} {version}"
        for name, version in pinned.items()
        if f'"{name}"' in scripts or f"/node_modules/{name}/" in pages
    ]
    assert len(node) == len(pinned), "a package that no client walks with"
    walking = [*(each.replace("==", " ") for each in group), *node]
    assert len(walking) > 10
    assert [name for name in walking if name not in told] == []


def test_a_script_of_others_has_its_licence_beside_it() -> None:
    scripts = sorted((BROWSER / "vendor").glob("*.js"))
    assert scripts
    for script in scripts:
        licence = script.with_suffix(".LICENSE").read_text()
        assert "Redistribution and use" in licence or "Permission is hereby granted" in licence
