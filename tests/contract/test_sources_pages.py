"""Every kind of source has a page. Its sources file is valid, and its first event is accepted."""

import json
import re
import shlex
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from agents.connect.sources import Connected, load
from agents.faces.paths import Route, route_of
from stream.connect.registry import REGISTRY

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "sources"
PAGES = sorted(file for file in FOLDER.glob("*.md") if file.name != "README.md")
BROWSER = ROOT / "tests" / "clients" / "browser"
HEADINGS = ["sources.yaml", "Try it", "What it can tell, and what not"]


def label(page: Path) -> str:
    return page.stem


class Curl(NamedTuple):
    """A curl request from a page."""

    method: str
    path: str
    headers: dict[str, str]
    user: str | None
    body: bytes


def sources(page: Path) -> tuple[Connected, ...]:
    text = page.read_text(encoding="utf-8")
    return load(text.partition("```yaml\n")[2].partition("```")[0], page.name)


def curls(page: Path) -> list[Curl]:
    """The requests to the collector on a page."""
    commands = re.findall(r"^curl .*(?:\n(?:  |\").*)*", page.read_text(), re.MULTILINE)
    return [curl(each) for each in commands if "8091" in each]


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
