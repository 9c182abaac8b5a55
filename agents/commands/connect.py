"""The commands `connect check FILE`, `connect try SOURCE` and `connect past SOURCE FILE`, which help to connect a shop.

`check` says which line of a sources file is wrong, and why. `try` reads the body of a request from standard input. It
prints the events that a collector would write, and each part that is left out, with the reason. `past` turns a file of
what a source sent into events for a backtest. No command writes to Kafka.
"""

import argparse
import gzip
import os
import sys
import time
from pathlib import Path
from typing import Any, Final

import msgspec

from agents.collector.validation import Judged
from agents.config.environment import Environment
from agents.config.pepper import PEPPER as PEPPER_SETTING
from agents.config.pepper import pepper
from agents.config.settings import Settings, SettingsError
from agents.connect.contacts import keyed
from agents.connect.signatures import SIGNED
from agents.connect.sources import Connected, SourcesError, read, unkeyed
from agents.connect.unpacking import Broken, TooLarge, UnknownPacking
from agents.faces.trying import Tried, addresses, tried
from agents.faces.why_left_out import WHY
from agents.replay import event_file
from agents.replay.past_of_source import past
from agents.replay.sorted_runs import MOST, SortedRuns
from agents.runtime.counted import counted
from stream.connect.known_names import UNKNOWN, nearest
from stream.connect.source import KeyOf, Source

PEPPER: Final = b"a pepper for tries, which no service has"
PACKED: Final = {
    UnknownPacking: "expected gzip, deflate or no Content-Encoding, got another",
    Broken: "expected a body packed as Content-Encoding says, got one that cannot be unpacked",
    TooLarge: "expected up to 8 MiB unpacked, got more",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True)
    check = actions.add_parser("check", help="check a sources file and show what it says")
    check.add_argument("file", type=Path, metavar="FILE")
    attempt = actions.add_parser("try", help="show what becomes of a request on standard input")
    attempt.add_argument("source", metavar="SOURCE", help="name of a source in the sources file")
    attempt.add_argument("--sources", type=Path, metavar="FILE", help="(TRIGGERS_SOURCES)")
    attempt.add_argument("--path", metavar="PATH", help="path of the request (the usual one)")
    attempt.add_argument(
        "--query", default="", metavar="A=1&B=2", help="query string of the request, without the ?"
    )
    attempt.add_argument("--method", default="POST", metavar="METHOD", help="(POST)")
    attempt.add_argument(
        "--header",
        action="append",
        default=[],
        metavar="'Name: value'",
        help="a header of the request; may be repeated",
    )
    attempt.add_argument(
        "--headers", type=Path, metavar="FILE", help="file with headers, one a line"
    )
    attempt.add_argument(
        "--unproven",
        action="store_true",
        help="treat the request as sent by a page, without a secret or a signature",
    )
    before = actions.add_parser("past", help="write what a source sent as events for a backtest")
    before.add_argument("source", metavar="SOURCE", help="name of a source in the sources file")
    before.add_argument("file", type=Path, metavar="FILE", help="file with a record a line")
    before.add_argument("--out", type=Path, required=True, metavar="EVENTS", help="file to write")
    before.add_argument("--sources", type=Path, metavar="FILE", help="(TRIGGERS_SOURCES)")


def run(args: argparse.Namespace) -> int:
    """0: all is right. 1: the file has a fault, or a message was refused. 2: a file cannot be read, or wrong arguments."""
    try:
        return {"check": _check, "try": _try, "past": _past}[args.action](args)
    except SourcesError as fault:
        print(fault, file=sys.stderr)
        return 1
    except SettingsError as fault:
        print(fault, file=sys.stderr)
        return 2
    except (gzip.BadGzipFile, EOFError) as fault:
        print(f"{args.file}: {fault}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        raise
    except OSError as fault:
        print(f"{fault.filename}: {fault.strerror}", file=sys.stderr)
        return 2


def _check(args: argparse.Namespace) -> int:
    sources = read(args.file)
    for each in sources:
        print(f"{each.source.name} ({each.source.kind}, trust {each.source.trust})")
        for line in (*_proofs(each), *(f"address: {path}" for path in addresses(each))):
            print(f"  {line}")
    if (names := unkeyed(sources)) and pepper(Environment(os.environ)) is None:
        print(f"{PEPPER_SETTING} must be set for {', '.join(names)}: it is not set here")
    print(f"{args.file}: {counted(len(sources), 'source')}, no faults")
    return 0


def _proofs(each: Connected) -> list[str]:
    """Lines that say how senders authenticate themselves, with a warning if that is too weak."""
    lines = [f"keys: {len(each.keys)}, secrets: {len(each.secrets)}"]
    if each.is_of_topics_alone:
        lines.append("only a bridge reads it: nobody may post to it")
    elif each.source.kind in SIGNED:
        lines.append("signed: it needs a signature by one of the secrets")
    elif each.source.trust == "server" and not (each.keys or each.secrets):
        lines.append(
            "warning: it has no keys or secrets, so senders cannot prove who they are: it is treated as trust browser"
        )
    elif not (each.keys or each.secrets):
        lines.append("open: anybody who knows the address may send")
    if not each.source.cart_authority:
        lines.append("its carts do not count: another source sends them")
    return lines


def _source(args: argparse.Namespace) -> Connected:
    """The source that the arguments name. Raises SettingsError, SourcesError, OSError."""
    settings = Settings.read()
    file = args.sources or settings.sources
    if file is None:
        raise SettingsError("TRIGGERS_SOURCES is not set: name a file with --sources")
    return _named(read(file, _keyed(settings.pepper)), args.source)


def _past(args: argparse.Namespace) -> int:
    source = _source(args).source
    now = time.time_ns() // 1_000_000
    with event_file.folder_beside(args.out) as folder, args.file.open("rb") as raw:
        found = past(event_file.lines(args.file, raw), source, now, SortedRuns(folder, MOST))
        with event_file.whole(args.out) as file:
            file.writelines(found.runs.in_order())
    print(f"{counted(found.events, 'event')} of {source.name} in {args.out}")
    for (name, reason), number in found.left_out.most_common():
        print(f"left out: {number} × {name or '-'}: {reason}{_why(reason)}")
    for reason, number in found.refused.most_common():
        print(f"refused: {number} × {reason}")
    return 1 if found.refused else 0


def _try(args: argparse.Namespace) -> int:
    found = _source(args)
    headers = _headers(args)
    try:
        result = tried(
            found,
            body=sys.stdin.buffer.read(),
            method=args.method.upper(),
            path=args.path,
            query=args.query,
            headers=headers,
            proven=not args.unproven,
        )
    except (UnknownPacking, Broken, TooLarge) as fault:
        raise SettingsError(PACKED[type(fault)]) from None
    _show(result, found.source)
    return 1 if result.judged.refused else 0


def _named(sources: tuple[Connected, ...], name: str) -> Connected:
    for each in sources:
        if each.source.name == name:
            return each
    known = ", ".join(each.source.name for each in sources) or "none"
    raise SettingsError(f"{name}: expected a name of the sources file ({known})")


def _keyed(pepper: bytes | None) -> Any:
    def made(region: str | None) -> KeyOf:
        return keyed(pepper or PEPPER, region)

    return made


def _headers(args: argparse.Namespace) -> dict[str, str]:
    lines = list(args.header)
    if args.headers is not None:
        lines += args.headers.read_text(encoding="utf-8").splitlines()
    pairs = [line.partition(":") for line in lines if line.strip()]
    if wrong := [name for name, colon, _ in pairs if not colon]:
        raise SettingsError(f"--header: expected 'Name: value', got {wrong[0]!r}")
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _show(result: Tried, source: Source) -> None:
    """Prints events on standard output, one a line, and everything else on standard error."""
    for taken in result.judged.taken:
        print(msgspec.json.format(taken.value, indent=2).decode())
    for line in _lines(result, result.judged, source):
        print(line, file=sys.stderr)


def _lines(result: Tried, judged: Judged, source: Source) -> list[str]:
    lines = [f"{counted(len(judged.taken), 'event')} of {result.path}"]
    lines += [
        f"left out: {name or '-'} {path}: {reason}{_why(reason)}{_near(name, reason, source)}"
        for name, reason, path in result.left_out
    ]
    lines += [
        f"left out: {kind} {note.path}: {note.reason}, expected {note.expected}"
        for kind, note in judged.left_out
    ]
    lines += [f"refused: {each.type} {each.path}: {each.reason}" for each in judged.refused]
    return [*lines, f"the collector would answer: {result.answer}"]


def _near(name: str, reason: str, source: Source) -> str:
    known = nearest(name, source) if reason in UNKNOWN else None
    return f"; did you mean {known}?" if known else ""


def _why(reason: str) -> str:
    return f" ({WHY[reason]})" if reason in WHY else ""
