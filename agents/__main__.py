"""The commands: `python -m agents COMMAND`, installed as `storefront-triggers`.

Without a command it lists them. A command is a module of agents/commands with `add_arguments(parser)` and `run(args)`, which returns the exit status. Each is
imported when it is called: `explain` needs no Faust, and `backtest` no Kafka.
"""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Final

COMMANDS: Final = {
    "local": "start a Kafka and a Redis on this machine, for as long as it runs",
    "topics": "make the topics that are missing, and check them all",
    "worker": "run a worker: clicks in, triggers out",
    "load": "write a file of events to Kafka for a replay",
    "export": "write the events of Kafka to a file, for a backtest",
    "backtest": "decide on a file of events, without Kafka",
    "compare": "what another recipes file would change, over a file of events",
    "lift": "what recipes brought: who got a message against who was held back",
    "simulate": "a shop's traffic, into a file or live into Kafka",
    "recipes": "check recipes files; publish them, and tell what was in force when",
    "audience": "who belongs to an audience now",
    "explain": "why a person got a message, or did not",
    "collector": "events of storefront SDKs and shops in, over HTTP",
    "connect": "check a sources file, or try what a source sends",
    "console": "a page that shows what is decided, live, and tells why",
    "view": "keep what people look up in Redis, as the log grows",
    "bridge": "what other systems write to topics, as events",
    "sender": "triggers out to a webhook, each once",
    "demo": "the whole service at work on this machine, in about a minute",
}
"""By name, with what each does. Its module in agents/commands has the same name."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status: 0 well · 1 it failed · 2 wrong arguments or settings · 130 interrupted."""
    given = sys.argv[1:] if arguments is None else list(arguments)
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
    args = parser.parse_args(given)
    if args.command is None:
        parser.print_help()
        return 0
    status: int = args.run(args)
    return status


if __name__ == "__main__":
    sys.exit(main())
