"""The command `console`: a page that shows what the service decides, and why.

With the key of TRIGGERS_CONSOLE_PUBLISH_KEY one can also publish recipes from it. The same process fills the
Redis view, and is a collector for a storefront or the demo shop. When Kafka or Redis is lost, the page
says so and continues with what is left.
"""

import argparse
import asyncio
import logging
import sys
from typing import Final

from aiohttp import web
from aiokafka.errors import KafkaError

from agents.config.settings import Settings, SettingsError, address
from agents.console import collectors, publish_key, recipe_documents
from agents.console.app import FAILED, PageSettings, make_app
from agents.console.http_security import is_loopback
from agents.console.recipe_documents import RecipeDocuments
from agents.faces import request_log
from agents.runtime.log import configure
from agents.runtime.shutdown import report, stop_signals
from stream.recipes_file import RecipesError
from stream.store.changelog import UnreadableState

log = logging.getLogger("triggers.console")

LISTEN: Final = "127.0.0.1:8090"
GOODBYE_S: Final = 2.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--listen",
        default=LISTEN,
        metavar="HOST:PORT",
        help=f"address of the page; it has no login ({LISTEN})",
    )


def run(args: argparse.Namespace) -> int:
    """0: stopped by a signal. 1: a failure; start it again. 2: wrong settings, or the address is taken."""
    configure()
    try:
        settings = Settings.read()
        settings.require_kafka()
        documents = recipe_documents.initial_documents(settings)
        page = PageSettings(publish_key.read(), collectors.places(), request_log.operator_key())
        asyncio.run(_serve(settings, documents, page, *address("--listen", args.listen)))
    except (SettingsError, RecipesError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    except Exception as error:
        report(log, error, (UnreadableState, KafkaError))
        return 1
    return 0


async def _serve(
    settings: Settings, documents: RecipeDocuments, page: PageSettings, host: str, port: int
) -> None:
    stop = stop_signals()
    app = make_app(settings, documents, page, loopback=is_loopback(host))
    runner = web.AppRunner(
        app,
        access_log=None,
        handler_cancellation=True,
        shutdown_timeout=GOODBYE_S,
        auto_decompress=False,  # The collector unpacks bodies itself, within its limits.
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        shown = f"[{host}]" if ":" in host else host
        print(f"the console is at http://{shown}:{runner.addresses[0][1]}/", flush=True)
        waiting = asyncio.create_task(stop.wait())
        await asyncio.wait((waiting, app[FAILED]), return_when=asyncio.FIRST_COMPLETED)
        if app[FAILED].done():
            app[FAILED].result()
    finally:
        await runner.cleanup()
