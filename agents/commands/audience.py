"""The command `audience NAME`: prints who belongs to an audience now, one person a line.

It reads the topic `audiences` to its end, or with --from the output of a backtest. It changes nothing. A person's latest
change counts. If two changes have the same time, the later one in the log counts.
"""

import argparse
import asyncio
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec
from aiokafka.errors import KafkaError
from msgspec import Struct

from agents.config.settings import Settings, SettingsError
from agents.explain import own_records
from agents.explain.decision_sources import Kafka
from agents.kafka.unreachable import told
from agents.worker.producer import AUDIENCES
from stream.marked import hint
from stream.outputs.audience_changes import ENTERED, ChangeEvent

_read: Final = msgspec.json.Decoder(ChangeEvent).decode


class Member(Struct):
    """A member. `since`: the time of entering (ms)."""

    person: str
    since: int


def members(values: Iterable[bytes], name: str) -> list[Member]:
    """The members, the longest first. `values`: changes of all audiences, in the order of their partitions."""
    last: dict[str, ChangeEvent] = {}
    for value in values:
        change = _read(value)
        if change.data.audience == name:
            known = last.get(change.subject)
            if known is None or change.data.at >= known.data.at:
                last[change.subject] = change
    found = [
        Member(person, change.data.at) for person, change in last.items() if change.type == ENTERED
    ]
    return sorted(found, key=lambda member: (member.since, member.person))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="name of the audience in the recipes file")
    parser.add_argument("--json", action="store_true", help="print the time of entering (ms) too")
    parser.add_argument(
        "--from", dest="folder", type=Path, metavar="DIR", help="a backtest's output"
    )


def run(args: argparse.Namespace) -> int:
    """0: the list is complete. 1: it cannot be read. 2: wrong settings."""
    try:
        if args.folder is not None:
            values = (args.folder / "audiences.jsonl").read_bytes().splitlines()
        else:
            values = asyncio.run(_topic(Settings.read()))
        found = members(values, args.name)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    except FileNotFoundError as error:
        print(f"{error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    except (KafkaError, OSError, msgspec.MsgspecError) as error:
        print(f"the audience cannot be read: {told(error)}", file=sys.stderr)
        return 1
    for member in found:
        print(msgspec.json.encode(member).decode() if args.json else member.person)
    print(f"{len(found)} belong to {args.name}{_unknown(values, args.name)}", file=sys.stderr)
    return 0


def _unknown(values: Iterable[bytes], name: str) -> str:
    """Why an audience may be empty that nobody ever entered: its name may be wrong."""
    known = sorted({_read(value).data.audience for value in values})
    if name in known:
        return ""
    if not known:
        return ": nobody ever entered it, or any other"
    near = hint(name, known)
    return f": nobody ever entered it. {near[0].upper()}{near[1:]}"


async def _topic(settings: Settings) -> list[bytes]:
    """All changes in the topic. Records that no worker wrote are left out."""
    async with Kafka(settings) as source:
        values = await source.all_of(AUDIENCES)
    own = [value for value in values if own_records.change(value) is not None]
    own_records.report_foreign(len(values) - len(own))
    return own
