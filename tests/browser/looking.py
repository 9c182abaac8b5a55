"""A user at the console's page, and records as a worker would write them meanwhile."""

import base64
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from kafka import KafkaProducer
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver import ActionChains, Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from agents.config.settings import Settings
from tests.integration.viewing import Log

PICTURES = Path(__file__).parents[2] / ".cache" / "screenshots"
PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}
DESK = {"width": 1400, "height": 1000, "deviceScaleFactor": 1, "mobile": False}

ANSWERED = "#answer .card, #answer .empty:not(.busy)"

T = TypeVar("T")


class Page:
    """A user at the console's page."""

    def __init__(self, tab: Chrome, url: str) -> None:
        self.tab = tab
        self.url = url

    def go(self, place: str = "") -> None:
        self.tab.get("about:blank")
        self.tab.get(f"{self.url}/{place}")

    def until(self, holds: Callable[[], Any], seconds: float = 90) -> Any:
        ignored = [StaleElementReferenceException]
        return WebDriverWait(self.tab, seconds, 0.05, ignored).until(lambda _: holds())

    def all(self, selector: str) -> list[Any]:
        return self.tab.find_elements(By.CSS_SELECTOR, selector)

    def text(self, selector: str) -> str:
        return str(self._of(selector, lambda element: element.text))

    def click(self, selector: str) -> None:
        self._of(selector, lambda element: element.click())

    def _of(self, selector: str, use: Callable[[Any], T]) -> T:
        while True:
            try:
                return use(self.tab.find_element(By.CSS_SELECTOR, selector))
            except StaleElementReferenceException:
                continue  # the page was drawn anew between finding and using it

    def click_last(self, selector: str) -> None:
        """Clicks the last of these elements, with the mouse, though the page may draw them anew."""

        def clicked() -> bool:
            *_, last = self.all(selector)
            self.run("arguments[0].scrollIntoView({block: 'center'})", last)
            last.click()
            return True

        self.until(clicked)

    def drawn(self) -> None:
        """Waits until the page has drawn what it is about to draw."""
        self.tab.execute_async_script(
            "const [done] = arguments; requestAnimationFrame(() => requestAnimationFrame(() => done()))"
        )

    def asks(self, person: str, answer: str) -> None:
        """Asks about somebody until the answer contains this text: a slow Redis or Kafka is asked again by the user."""

        def answered() -> bool:
            self.run("location.hash = '#/'")
            self.run(f"location.hash = '#/ask/{person}'")
            self.until(lambda: self.all(ANSWERED))
            return answer in self.text("#answer")

        self.until(answered)

    def keys(self, *keys: str) -> None:
        ActionChains(self.tab).send_keys(*keys).perform()

    def focused(self) -> Any:
        return self.tab.switch_to.active_element

    def run(self, script: str, *given: Any) -> Any:
        return self.tab.execute_script(script, *given)

    def attributes(self, selector: str, name: str) -> list[str | None]:
        """An attribute of all these elements, read at one moment: the page draws its plots anew while a test looks."""
        return self._of_all(selector, "each.getAttribute(arguments[1])", name)

    def contents(self, selector: str) -> list[str]:
        """The text of all these elements, hidden or not, read at one moment."""
        return self._of_all(selector, "each.textContent")

    def _of_all(self, selector: str, value: str, *given: str) -> list[Any]:
        every = "[...document.querySelectorAll(arguments[0])]"
        return list(self.run(f"return {every}.map((each) => {value})", selector, *given))

    def screen(self, of: dict[str, Any], colours: str = "light") -> None:
        self.tab.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", of)
        features = [
            {"name": "prefers-color-scheme", "value": colours},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]
        self.tab.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def picture(self, name: str) -> None:
        """Saves a screenshot of the whole page, for people to check."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        shot = self.tab.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True})
        (PICTURES / f"console-{name}.png").write_bytes(base64.b64decode(shot["data"]))

    def day(self) -> None:
        """Shows the chart of the last day."""
        self.until(lambda: self.all("#funnel-plot"))
        self.run("document.querySelector('input[name=over][value=day]').click()")
        self.until(lambda: self.all("#funnel-plot svg") and self.all("#speeds svg"))


def produce(settings: Settings, name: str, key: str, value: bytes, **headers: str) -> None:
    producer = KafkaProducer(bootstrap_servers=list(settings.kafka))
    producer.send(
        settings.topic(name), value, key.encode(),
        headers=[(each, text.encode()) for each, text in headers.items()],
    ).get(30)  # fmt: skip
    producer.close()


def refused(person: str, id: str) -> bytes:
    return json.dumps(
        {"trigger_id": id, "recipe": "cart-abandonment", "version": 1, "step": 1, "person": person,
         "visitor": "v", "outcome": "refused", "reason": "consent", "at": int(time.time() * 1000)}
    ).encode()  # fmt: skip


@contextmanager
def looking(tab: Chrome, url: str) -> Iterator[Page]:
    """A page in desktop size; afterwards the tab is restored."""
    page = Page(tab, url)
    page.screen(DESK)
    yield page
    tab.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    tab.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def telling(log: Log) -> str:
    """A customer with a trigger and a refusal in the log."""
    outcomes: dict[str, set[str]] = {}
    for _, each in log.values("triggers.decisions"):
        outcomes.setdefault(each["person"], set()).add(each["outcome"])
    return max(
        (name for name in outcomes if name.startswith("customer:")),
        key=lambda name: ({"fired", "refused"} <= outcomes[name], len(outcomes[name]), name),
    )
