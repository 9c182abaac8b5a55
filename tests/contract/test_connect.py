"""Every kind of source has a file, examples and a registry line, and translates its examples."""

import hashlib
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import schemas
from stream.connect import registry
from stream.connect.finishing import finish
from stream.connect.request import Given, Record, Request
from stream.connect.source import Source
from stream.connect.translation import Translation
from tests import effort

ROOT = Path(__file__).parents[2]
HOME = ROOT / "schemas" / "examples" / "connect"
EXAMPLES = sorted(HOME.glob("*/*.json"))


def key_of(kind: str, raw: str) -> str | None:
    """Replaces the carrier's keyed hash."""
    plain = raw.strip().lower()
    readable = "@" in plain if kind == "email" else plain.startswith("+")
    return hashlib.sha256(f"{kind} {plain}".encode()).hexdigest()[:32] if readable else None


def source(example: dict[str, Any], kind: str) -> Source:
    options = {"name": "shop", "kind": kind, **example.get("source", {})}
    if "url_parameters" in options:
        options["url_parameters"] = frozenset(options["url_parameters"])
    return Source(**options, key_of=key_of)


def carried(example: dict[str, Any]) -> Given:
    """The request or record of an example; a body that is not text is written as JSON."""
    if "record" in example:
        record = example["record"]
        key = record.get("key")
        return Record(
            value=written(record.get("value")),
            headers=record.get("headers", {}),
            key=None if key is None else key.encode(),
            time=record.get("time", 0),
        )
    request = example["request"]
    return Request(
        path=request["path"],
        query=request.get("query", {}),
        headers=request.get("headers", {}),
        body=written(request.get("body", "")),
        method=request.get("method", "POST"),
    )


def written(body: Any) -> bytes:
    return body.encode() if isinstance(body, str) else json.dumps(body).encode()


def read(file: Path) -> dict[str, Any]:
    example: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return example


def translated(example: dict[str, Any], kind: str) -> Translation:
    return registry.translate(kind, carried(example), source(example, kind), example["now"])


@cache
def with_a_file() -> set[str]:
    files = (ROOT / "stream" / "connect").glob("*.py")
    found = {file.stem for file in files if "\ndef translate(" in file.read_text()}
    return {name.replace("_", "-") for name in found - {"registry"}}


@cache
def with_examples() -> set[str]:
    return {folder.name for folder in HOME.iterdir() if list(folder.glob("*.json"))}


def missing(kind: str) -> list[str]:
    """The missing parts of a kind of source, one sentence each."""
    file = kind.replace("-", "_")
    lacks = {
        f"{kind} has no file stream/connect/{file}.py with its translate": with_a_file(),
        f"{kind} has no examples in schemas/examples/connect/{kind}": with_examples(),
        f"{kind} has no line in the REGISTRY of stream/connect/registry.py": set(registry.REGISTRY),
    }
    return [sentence for sentence, having in lacks.items() if kind not in having]


@pytest.mark.parametrize("kind", sorted(with_a_file() | with_examples() | set(registry.REGISTRY)))
def test_a_kind_of_source_has_its_file_its_examples_and_its_line(kind: str) -> None:
    assert missing(kind) == []


def test_each_missing_part_of_a_new_kind_of_source_has_a_sentence() -> None:
    assert missing("new-tag") == [
        "new-tag has no file stream/connect/new_tag.py with its translate",
        "new-tag has no examples in schemas/examples/connect/new-tag",
        "new-tag has no line in the REGISTRY of stream/connect/registry.py",
    ]


def label(file: Path) -> str:
    return f"{file.parent.name}/{file.stem}"


@pytest.mark.parametrize("file", EXAMPLES, ids=label)
def test_an_example_becomes_exactly_its_events(file: Path) -> None:
    example = read(file)
    done = translated(example, file.parent.name)
    assert done.events == example["events"]
    assert [list(left) for left in done.left_out] == example.get("left_out", [])
    assert [list(refused) for refused in done.refused] == example.get("refused", [])


@pytest.mark.parametrize("file", EXAMPLES, ids=label)
def test_the_events_of_an_example_are_accepted_and_contain_no_address(file: Path) -> None:
    for event in translated(read(file), file.parent.name).events:
        check(event)


@pytest.mark.parametrize("file", EXAMPLES, ids=label)
def test_a_repeat_has_the_same_ids(file: Path) -> None:
    example = read(file)
    later = {**example, "now": example["now"] + 60_000}
    kind = file.parent.name
    ids = [[event["id"] for event in translated(each, kind).events] for each in (example, later)]
    assert ids[0] == ids[1]
    assert len(set(ids[0])) == len(ids[0]), "two events of one request share an id"


def check(event: dict[str, Any]) -> None:
    """Checks the event contract and our own rules: no null and no address."""
    assert None not in event.values()
    assert re.search(r"[\w.+-]+(@|%40)[\w-]+\.\w", json.dumps(event)) is None
    assert schemas.fault(event) is None, event


JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(
        [
            "",
            "null",
            "0",
            "-1",
            "1e999",
            "1.234,56",
            "a@b.example",
            "[object Object]",
            "http://[",
            "%",
        ]
    ),
    st.lists(st.none() | st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)


@st.composite
def mutated(draw: st.DrawFn) -> tuple[dict[str, Any], str]:
    """An example with some values replaced or removed."""
    file = draw(st.sampled_from(EXAMPLES))
    example = read(file)
    carried_as = "record" if "record" in example else "request"
    for _ in range(draw(st.integers(1, 4))):
        spots = list(places(example[carried_as]))
        holder, name = draw(st.sampled_from(spots)) if spots else ({}, None)
        if name in ("headers", "query", "path", "method", "time", "key"):
            continue
        if draw(st.booleans()):
            holder[name] = draw(JUNK)
        elif isinstance(holder, dict):
            holder.pop(name, None)
    return textual(example, carried_as), file.parent.name


def places(node: Any) -> Any:
    if isinstance(node, dict | list):
        for name in list(node) if isinstance(node, dict) else range(len(node)):
            yield node, name
            yield from places(node[name])


def textual(example: dict[str, Any], carried_as: str) -> dict[str, Any]:
    """The example with headers and parameters as text, as the carrier passes them."""
    for part in ("headers", "query"):
        options = example[carried_as].get(part, {})
        example[carried_as][part] = {name: str(value) for name, value in options.items()}
    return example


@settings(max_examples=effort.of(300), deadline=None, suppress_health_check=list(HealthCheck))
@given(mutated())
def test_no_translator_raises_and_all_its_events_are_accepted(
    case: tuple[dict[str, Any], str],
) -> None:
    example, kind = case
    done = finish(
        registry.REGISTRY[kind](carried(example), source(example, kind), example["now"]),
        source(example, kind),
    )
    for event in done.events:
        check(event)


@settings(max_examples=effort.of(100), deadline=None)
@given(st.sampled_from(sorted(registry.REGISTRY)), st.binary(max_size=60) | st.text(max_size=60))
def test_no_translator_raises_on_any_bytes(kind: str, body: bytes | str) -> None:
    raw = body if isinstance(body, bytes) else body.encode("utf-8", "replace")
    registry.REGISTRY[kind](Request("/x", body=raw), source({}, kind), 1_800_000_000_000)
    registry.REGISTRY[kind](Record(raw), source({}, kind), 1_800_000_000_000)


def test_an_unknown_kind_is_refused() -> None:
    done = registry.translate("stone-tablet", Request("/"), source({}, "stone-tablet"), 1)
    assert done.refused == [(0, "unknown_kind")]
