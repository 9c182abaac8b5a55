"""Published documents as lines of text, for the command `recipes`. Pure."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import yaml

from agents.published.published_document import PublishedDocument
from agents.published.timetable import Timetable
from stream import recipes_file
from stream.recipes.history import START


def time_of(ms: int) -> str:
    """`2026-11-28 12:30:00 UTC`, with milliseconds if they are not 0."""
    if ms <= START:
        return "the start"
    time = datetime.fromtimestamp(ms / 1000, UTC)
    part = f".{ms % 1000:03}" if ms % 1000 else ""
    return f"{time:%Y-%m-%d %H:%M:%S}{part} UTC"


def listed(table: Timetable, now: int, before: str) -> Iterator[str]:
    """A line for each document, the newest first. `before`: names the recipes in force before the first document."""
    rows = list(zip(table.documents, table.states(now), strict=True))
    if not rows:
        yield f"nothing is published; in force: {before}"
        return
    for each, state in reversed(rows):
        since = "never in force" if state in ("refused", "replaced") else time_of(each.since)
        about = f"refused: {each.fault}" if each.fault else each.note
        row = f"{each.number:>3}  {since:<23}  {state:<8}  {each.by or '-'}  {about}"
        yield row.rstrip()
    word = "former" if table.at(now) else "in force"
    yield f"  0  {'before these':<23}  {word:<8}  {before}"


def replacing(table: Timetable, published: PublishedDocument) -> Iterator[str]:
    """A line for the first document after a published one, if there is any: a change planned before still comes."""
    later = [each for each in table.in_order if each.since > published.since]
    for each in later[:1]:
        yield (
            f"document {each.number} replaces it at {time_of(each.since)}, as it was published before: to prevent that, "
            f"publish one --from {each.since}, too"
        )


def as_json(table: Timetable, now: int) -> str:
    """The list as one JSON array, in the order of the topic."""
    rows: list[dict[str, Any]] = [
        {
            "number": each.number,
            "offset": each.offset,
            "since": each.since,
            "appended": each.appended,
            "state": state.replace(" ", "_"),
            "by": each.by,
            "note": each.note,
            **({"fault": each.fault} if each.fault else {}),
        }
        for each, state in zip(table.documents, table.states(now), strict=True)
    ]
    return json.dumps(rows, indent=1)


def shown(found: PublishedDocument, state: str) -> Iterator[str]:
    """A document as a recipes file that can be published again, with comments about its publication."""
    yield f"# document {found.number}, {state}, from {time_of(found.since)}"
    yield f"# published {time_of(found.appended)} by {found.by or 'somebody'}"
    yield from (f"# {line}" for line in found.note.splitlines())
    if found.fault:
        yield f"# refused: {found.fault}"
    yield as_yaml(found.document)


def as_yaml(document: dict[str, Any]) -> str:
    """A recipes file. An empty document has the shipped recipes: they are named, so that a reader sees them."""
    shown = document or {"recipes": [{"name": name} for name in recipes_file.DEFAULT.names]}
    return yaml.safe_dump(shown, sort_keys=False, allow_unicode=True, width=110).rstrip()


def numbers(documents: Sequence[PublishedDocument]) -> str:
    """The numbers that a command accepts, for an error message."""
    if not documents:
        return "expected 0, as nothing is published yet"
    return f"expected 0 to {documents[-1].number}"
