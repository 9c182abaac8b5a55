"""The whole service behind one shop: a real broker, a worker, the console, and a browser at its page."""

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from agents.config.settings import Settings, Time
from agents.demo.workers import WorkerProcesses
from tests.integration.collecting import kept, make_topics

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / ".cache" / "screenshots"
LOOKED_AROUND_S = 10.5
"""Seconds from the visit's start before which no offer is made (10 s of the page's section 5)."""


class House(NamedTuple):
    settings: Settings
    url: str

    def values(self, topic: str) -> list[Any]:
        return [json.loads(record.value) for record in kept(self.settings, topic) if record.value]

    def until(self, topic: str, holds: Callable[[Any], bool], seconds: float = 90) -> Any:
        """Waits for the first value of a topic that satisfies `holds`."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for value in self.values(topic):
                if holds(value):
                    return value
            time.sleep(0.2)
        raise AssertionError(f"nothing such came to {topic} in {seconds} s")


@contextmanager
def housed(broker: str, logs: Path, mode: Time = "append") -> Iterator[House]:
    settings = make_topics(broker, f"t{uuid.uuid4().hex[:10]}.", mode)
    environ = {
        "TRIGGERS_KAFKA": broker,
        "TRIGGERS_PREFIX": settings.prefix,
        "TRIGGERS_TIME": mode,
        "TRIGGERS_REDIS": "",
    }
    with WorkerProcesses(1, environ, logs) as workers, served(environ, logs) as url:
        workers.wait()
        yield House(settings, url)


@contextmanager
def served(environ: dict[str, str], logs: Path) -> Iterator[str]:
    """Starts a console; yields its address."""
    command = [sys.executable, "-m", "agents", "console", "--listen", "127.0.0.1:0"]
    with (logs / "console.log").open("wb") as log:
        console = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **environ}, stdout=subprocess.PIPE, stderr=log
        )
    try:
        assert console.stdout is not None
        yield console.stdout.readline().decode().split()[-1].rstrip("/")
    finally:
        console.terminate()
        console.communicate(timeout=60)


class Shopper:
    """A visitor at the shop's page, with mouse and keyboard."""

    def __init__(self, tab: Chrome, url: str) -> None:
        self.tab = tab
        self.url = url
        tab.get(f"{url}/shop/")
        self.until(lambda: tab.find_elements(By.CSS_SELECTOR, "main h1"))
        self.came = time.monotonic()

    def until(self, holds: Callable[[], Any], seconds: float = 60) -> Any:
        ignored = [StaleElementReferenceException]
        return WebDriverWait(self.tab, seconds, 0.05, ignored).until(lambda _: holds())

    def click(self, selector: str) -> None:
        self.tab.find_element(By.CSS_SELECTOR, selector).click()

    def follow(self, path: str) -> None:
        """Clicks a link to this path on the current page."""
        self.click(f'a[href="/shop/{path}"]')
        self.until(lambda: self.tab.current_url == f"{self.url}/shop/{path}")

    def heading(self) -> str:
        return str(self.tab.find_element(By.CSS_SELECTOR, "main h1").text)

    @property
    def visitor(self) -> str:
        kept = self.tab.execute_script("return JSON.parse(localStorage['demo-shop']).visitor")
        return str(kept)

    def fill_cart(self) -> None:
        """Views two products and adds the second."""
        self.follow("product/tent-sarek-2")
        self.follow("")
        self.follow("product/backpack-tour-45")
        self.click("button.main[data-add]")
        self.until(lambda: self.tab.find_element(By.ID, "cart-count").text == "1")

    def look_around(self) -> None:
        """Waits until the visit is long enough for an offer."""
        time.sleep(max(3.2, self.came + LOOKED_AROUND_S - time.monotonic()))

    def leave_over_the_top(self) -> None:
        for y in (300, -8):
            move = {"type": "mouseMoved", "x": 400, "y": y}
            self.tab.execute_cdp_cmd("Input.dispatchMouseEvent", move)

    def offered(self) -> bool:
        return bool(self.tab.execute_script("return document.getElementById('offer').open"))

    def picture(self, name: str) -> None:
        """Saves a screenshot, for people to check."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        self.tab.save_screenshot(str(PICTURES / f"shop-{name}.png"))

    def taken(self) -> bool:
        """Whether every sent event is in Kafka."""
        outcomes = self.tab.execute_script(
            "return [...document.querySelectorAll('#behind-lines [data-outcome]')]"
            ".map((line) => line.dataset.outcome)"
        )
        return bool(outcomes) and set(outcomes) <= {"taken", "heard"}
