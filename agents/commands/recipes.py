"""The command `recipes`: checks recipes files, and publishes, lists, shows and compares documents.

A document is a whole recipes file in the topic `recipes`. Documents are numbered from 1 in the order of the
topic. Number 0 is what is in force before the first one: the file of TRIGGERS_RECIPES, or the shipped
recipes. Source: docs/semantics-life.md, 14.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from aiokafka.errors import KafkaError as AioKafkaError
from kafka.errors import KafkaError

from agents.compare import recipes_text
from agents.config import recipes as files
from agents.config.settings import Settings, SettingsError
from agents.kafka.cluster_admin import TopicsError
from agents.kafka.topics import TopicsMissing
from agents.kafka.unreachable import told
from agents.published import document_listing, publisher
from agents.published.published_document import PublishedDocument, checked
from agents.published.published_log import published
from agents.published.timetable import Timetable
from agents.replay.span import bound
from stream import recipes_file


class NoSuchDocument(Exception):
    """The argument is neither a file nor the number of a document."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True)
    check = actions.add_parser("check", help="check a recipes file and show what it says")
    check.add_argument("file", type=Path, metavar="FILE")
    publish = actions.add_parser("publish", help="publish a recipes file")
    publish.add_argument("file", type=Path, metavar="FILE", help="recipes file to publish")
    _add_publishing(publish)
    rows = actions.add_parser("list", help="list the documents: in force, coming and former")
    rows.add_argument("--json", action="store_true", help="print JSON")
    show = actions.add_parser("show", help="print a document as it was published")
    show.add_argument("which", nargs="?", metavar="N|TIME", help="number or time (now)")
    diff = actions.add_parser("diff", help="say how two documents differ")
    for name in ("before", "after"):
        diff.add_argument(name, metavar=name.upper(), help="a recipes file, or a document's number")
    revert = actions.add_parser("revert", help="publish a former document again")
    revert.add_argument(
        "number", nargs="?", type=int, metavar="N", help="its number (default: the previous one)"
    )
    _add_publishing(revert)
    export = actions.add_parser(
        "export", help="write all documents to a file for backtest and load"
    )
    export.add_argument(
        "file", nargs="?", type=Path, metavar="FILE", help="file to write (standard output)"
    )


def _add_publishing(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--from", dest="start", metavar="TIME", help="when it comes into force: a time or +2h (now)"
    )
    parser.add_argument("--note", default="", metavar="TEXT", help="what the change is for")
    parser.add_argument("--by", metavar="NAME", help="who publishes (user@host)")


def run(args: argparse.Namespace) -> int:
    """0: done. 1: the file has a fault, or the topic cannot be used. 2: wrong settings, or no such document."""
    try:
        return ACTIONS[args.action](args)
    except (recipes_file.RecipesError, TopicsError, TopicsMissing) as fault:
        print(fault, file=sys.stderr)
        return 1
    except (KafkaError, AioKafkaError) as fault:
        print(f"the topic of recipes cannot be used: {told(fault)}", file=sys.stderr)
        return 1
    except (SettingsError, NoSuchDocument, ValueError) as fault:
        print(fault, file=sys.stderr)
    except BrokenPipeError:
        raise
    except OSError as fault:
        print(f"{fault.filename or args.file}: {fault.strerror}", file=sys.stderr)
    return 2


def _check(args: argparse.Namespace) -> int:
    for line in recipes_text.contents(files.read(args.file), str(args.file)):
        print(line)
    return 0


def _now() -> int:
    return time.time_ns() // 1_000_000


def _published(settings: Settings) -> Timetable:
    return Timetable(asyncio.run(published(settings)))


def _publish(args: argparse.Namespace) -> int:
    document = files.document(args.file)
    settings = Settings.read()
    settings.require_kafka()
    return _append(args, settings, document, args.note)


def _append(
    args: argparse.Namespace, settings: Settings, document: dict[str, Any], note: str
) -> int:
    """Publishes a checked document. Prints when it comes into force."""
    start = publisher.start(args.start, datetime.now(UTC)) if args.start else None
    by = args.by or publisher.somebody()
    publisher.require_live(settings)
    for topic in publisher.make_topics(settings, document):
        print(f"made {topic}")
    found = asyncio.run(publisher.publish(settings, document, start, by, note))
    print(
        f"document {found.number} is in force from {document_listing.time_of(found.since)} ({found.since})"
    )
    for line in document_listing.replacing(_published(settings), found):
        print(line)
    return 0


def _list(args: argparse.Namespace) -> int:
    settings = Settings.read()
    table, now = _published(settings), _now()
    if args.json:
        print(document_listing.as_json(table, now))
        return 0
    for line in document_listing.listed(table, now, str(settings.recipes or "the shipped recipes")):
        print(line)
    return 0


def _show(args: argparse.Namespace) -> int:
    settings = Settings.read()
    table, now = _published(settings), _now()
    found: PublishedDocument | None
    if args.which is None or not _is_number(args.which):
        at = now if args.which is None else bound(args.which, datetime.now(UTC))
        if isinstance(at, dict):
            raise NoSuchDocument(f"expected the number of a document or a time, got {args.which!r}")
        found = table.at(at)
    else:
        found = _numbered(table, int(args.which))
    if found is None:
        print(f"# in force before the first document: {settings.recipes or 'the shipped recipes'}")
        print(document_listing.as_yaml(files.document(settings.recipes)))
        return 0
    state = table.states(now)[table.documents.index(found)]
    for line in document_listing.shown(found, state):
        print(line)
    return 0


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10


def _numbered(table: Timetable, number: int) -> PublishedDocument | None:
    """The document of a number, None for 0. Raises NoSuchDocument."""
    if number == 0:
        return None
    found = next((each for each in table.documents if each.number == number), None)
    if found is None:
        raise NoSuchDocument(
            f"there is no document {number}: {document_listing.numbers(table.documents)}"
        )
    return found


def _document(table: Timetable, number: int, settings: Settings) -> dict[str, Any]:
    """The document of this number, as JSON. Raises NoSuchDocument; RecipesError if the document was refused."""
    found = _numbered(table, number)
    if found is not None and found.fault:
        raise recipes_file.RecipesError(f"document {number} was refused: {found.fault}")
    return files.document(settings.recipes) if found is None else found.document


def _diff(args: argparse.Namespace) -> int:
    table: Timetable | None = None
    sides = []
    for name in (args.before, args.after):
        if not _is_number(name) or Path(name).is_file():
            sides.append(files.read(Path(name)))
            continue
        settings = Settings.read()
        if int(name) == 0:
            sides.append(files.read(settings.recipes))
            continue
        table = table or _published(settings)
        sides.append(checked(_document(table, int(name), settings)))
    found = recipes_text.differences(*sides)
    for line in found or ["they decide alike"]:
        print(line)
    return 0


def _revert(args: argparse.Namespace) -> int:
    settings = Settings.read()
    table = _published(settings)
    number: int | None = args.number
    if number is None:
        if table.at(_now()) is None:
            raise NoSuchDocument("no document is in force yet, so there is none to revert")
        former = table.before(_now())
        number = former.number if former else 0
    document = _document(table, number, settings)
    note = f"back to document {number}" + (f": {args.note}" if args.note else "")
    return _append(args, settings, document, note)


def _export(args: argparse.Namespace) -> int:
    settings = Settings.read()
    first = files.document(settings.recipes)
    text = json.dumps(_published(settings).as_history(first), indent=1, ensure_ascii=False)
    if args.file is None:
        print(text)
    else:
        args.file.write_text(text + "\n", encoding="utf-8")
    return 0


ACTIONS: Final[Mapping[str, Callable[[argparse.Namespace], int]]] = {
    "check": _check,
    "publish": _publish,
    "list": _list,
    "show": _show,
    "diff": _diff,
    "revert": _revert,
    "export": _export,
}
