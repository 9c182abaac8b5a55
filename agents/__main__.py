"""Runs a command: `python -m agents COMMAND`, installed as `storefront-triggers`. Without a command it lists them.

A command is a module of agents/commands with `add_arguments(parser)` and `run(args)`, which returns the exit status. It is
imported only when it runs: `explain` needs no Faust, and `backtest` no Kafka.
"""

import argparse
import os
import select
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Final

from agents.kafka.unreachable import leave_out_raw_lines

COMMANDS: Final = {
    "local": "run a Kafka and a Redis on this machine",
    "topics": "create missing topics, and check them all",
    "worker": "run a worker: turns events into triggers",
    "load": "write a file of events to Kafka, for a replay",
    "export": "write events from Kafka to a file, for a backtest",
    "backtest": "decide a file of events, without Kafka",
    "compare": "show what other recipes would change, over a file of events",
    "lift": "show what recipes brought: compare persons who got a message with persons held back",
    "simulate": "write simulated shop traffic to Kafka or to a file",
    "recipes": "check and publish recipes files, and list what was in force when",
    "audience": "list who belongs to an audience now",
    "explain": "say why a person got a message, or did not",
    "erase": "delete all data of a person, and say what is left; or follow erasures",
    "collector": "take events of storefront SDKs and shops over HTTP",
    "connect": "check a sources file, or try a request of a source",
    "console": "serve a page that shows live decisions and their reasons",
    "view": "keep a view of the newest decisions in Redis",
    "bridge": "turn records of other systems' topics into events",
    "sender": "send triggers to a webhook, each once",
    "demo": "run the whole service on this machine, in about 80 seconds",
}
"""By name, with what each does. Its module in agents/commands has the same name."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command. Exit status: 0 done · 1 it failed · 2 wrong arguments or settings · 130 interrupted."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    parser = parser_of(given)
    args = parser.parse_args(given)
    if args.command is None:
        parser.print_help()
        return 0
    leave_out_raw_lines()
    try:
        status: int = args.run(args)
        sys.stdout.flush()
    except BrokenPipeError:
        if not _is_unread():
            raise
        return 1
    return status


def _is_unread() -> bool:
    """Whether nobody reads standard output any more: `storefront-triggers recipes list | head -1`."""
    output = select.poll()
    output.register(sys.stdout.fileno(), 0)
    if not output.poll(0):
        return False
    nowhere = os.open(os.devnull, os.O_WRONLY)  # for what is still to be flushed
    os.dup2(nowhere, sys.stdout.fileno())
    return True


def parser_of(given: Sequence[str]) -> argparse.ArgumentParser:
    """The parser of these arguments. It knows the options of their command only."""
    parser = argparse.ArgumentParser(
        prog="storefront-triggers", description="Event-streaming triggers for storefronts."
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    for name, about in COMMANDS.items():
        command = commands.add_parser(name, help=about, description=about)
        if given[:1] == [name]:
            module = import_module(f"agents.commands.{name}")
            module.add_arguments(command)
            command.set_defaults(run=module.run)
    return parser


if __name__ == "__main__":
    sys.exit(main())
