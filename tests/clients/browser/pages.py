"""The shop's pages, each with a published client, on another origin than the collector's."""

import asyncio
import re
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from selenium.webdriver import Chrome
from selenium.webdriver.support.ui import WebDriverWait

from tests.clients.walking import Walk

FOLDER = Path(__file__).parent
NODE = FOLDER.parent / "node"
SOURCES = FOLDER.parents[2] / "docs" / "sources"
DOCUMENTED = ("shopify", "adobe-commerce", "ga4")
"""Documentation pages with a script for a shop to paste."""

LOAD_S = 60.0
QUIET_S = 1.0
"""Seconds without a request after which a page that has sent what was expected sends nothing more."""

PATIENCE_S = 30.0
"""Seconds after which a closed page counts as done, whatever is missing: the comparison tells it."""


class Handler(SimpleHTTPRequestHandler):
    """Serves pages of this folder, node packages, and scripts of the documentation."""

    def __init__(self, *args: Any, packages: Path) -> None:
        self.packages = packages
        super().__init__(*args)

    def translate_path(self, path: str) -> str:
        plain = urlsplit(path).path
        if plain.startswith("/node_modules/"):
            return str(self.packages / plain.removeprefix("/node_modules/"))
        if plain == "/matomo.js":
            return str(FOLDER / "vendor" / "matomo.js")
        return str(FOLDER / Path(plain).name)

    def do_GET(self) -> None:
        name = urlsplit(self.path).path.strip("/").removesuffix(".js")
        if name not in DOCUMENTED:
            return super().do_GET()
        self.send_response(200)
        self.send_header("Content-Type", "text/javascript")
        self.end_headers()
        self.wfile.write(pasted(name, self.collector).encode())
        return None

    def do_POST(self) -> None:
        """Replaces a third-party server that accepts everything."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    @property
    def collector(self) -> str:
        """The collector's address in the requesting page's parameters."""
        told = urlsplit(self.headers.get("Referer", "")).query
        return parse_qs(told).get("collector", [""])[0]

    def log_message(self, *told: Any) -> None:
        """Logs nothing."""


def pasted(name: str, collector: str) -> str:
    """The script of a documentation page, with the collector's address filled in."""
    text = (SOURCES / f"{name}.md").read_text(encoding="utf-8")
    found = re.search(r"^ *```js\n(.*?)```", text, re.S | re.M)
    assert found is not None
    assert collector, "the page that asks says no collector"
    return found[1].replace("https://collect.shop.example", collector)


@contextmanager
def shop(packages: Path = FOLDER) -> Iterator[str]:
    """Serves a shop whose pages have the clients; yields its address. `packages`: a folder with node packages."""
    handler = partial(Handler, packages=packages)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://localhost:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def visit(
    tab: Chrome, url: str, page: str, found: Walk, enough: Callable[[], bool], **wanted: str
) -> Callable[[str], Awaitable[str]]:
    """A walk through a page: to its end, away from it, until it has sent everything.

    `enough`: whether all expected events are in Kafka.
    """

    async def walk(collector: str) -> str:
        query = urlencode({"collector": collector, **wanted})
        await asyncio.to_thread(_look, tab, f"{url}/{page}.html?{query}")
        limit = asyncio.get_running_loop().time() + PATIENCE_S
        while not await asyncio.to_thread(enough) and asyncio.get_running_loop().time() < limit:
            await asyncio.sleep(0.1)
        heard = -1
        while heard != len(found.heard):
            heard = len(found.heard)
            await asyncio.sleep(QUIET_S)
        log = await asyncio.to_thread(tab.get_log, "browser")
        return "\n".join(str(line["message"]) for line in log)

    return walk


def _look(tab: Chrome, address: str) -> None:
    tab.get(address)
    WebDriverWait(tab, LOAD_S, 0.1).until(lambda _: tab.title == "told")
    tab.get("about:blank")
