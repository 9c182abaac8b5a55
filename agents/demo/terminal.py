"""A rolling feed for the terminal: some of the events, and the triggers as they come.

A terminal gets colours and a status line at the bottom. Elsewhere there are plain lines, and fewer of them.
"""

import json
import time
from collections import Counter
from collections.abc import Mapping
from datetime import UTC
from types import TracebackType
from typing import Any, Final, Self

from rich.console import Console
from rich.live import Live
from rich.text import Text

from agents.demo.watch import Seen
from agents.explain.by_key import who
from agents.explain.event_records import read
from agents.explain.event_text import SENTENCES, moment, money, of_day, things
from agents.kafka.topics import EVENTS
from agents.worker.producer import AUDIENCES
from stream.outputs.triggers import CANCELLED

DECISIONS: Final = "triggers.decisions"

EVENT_LINES: Final = (4.0, 1.0)
TRIGGER_LINES: Final = (6.0, 2.0)
"""Most lines a second, on a terminal and elsewhere. More: nobody can read them. Fewer: the feed seems to have stopped."""


class Pace:
    """Limits lines to a number a second, evenly spread."""

    def __init__(self, rate: float) -> None:
        self.pause, self.next = 1 / rate, 0.0

    def allows(self) -> bool:
        now = time.monotonic()
        if now < self.next:
            return False
        self.next = now + self.pause
        return True


class Terminal:
    """Counts all records, and shows some of them."""

    def __init__(self, console: Console, title: str) -> None:
        slow = 0 if console.is_terminal else 1
        self.console, self.title = console, title
        self.events, self.triggers = Pace(EVENT_LINES[slow]), Pace(TRIGGER_LINES[slow])
        self.counts: Counter[str] = Counter()
        self.time = 0
        self.live = Live(console=console, refresh_per_second=8, transient=True,
                         get_renderable=self._status)  # fmt: skip

    def __enter__(self) -> Self:
        if self.console.is_terminal:
            self.live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.live.stop()

    def show(self, seen: Seen) -> None:
        if seen.topic == EVENTS:
            self._event(seen)
        elif seen.topic == DECISIONS:
            self.counts["decisions"] += 1
        elif seen.topic == AUDIENCES:
            self.counts["changes of audiences"] += 1
        else:
            self._trigger(json.loads(seen.value))

    def _event(self, seen: Seen) -> None:
        self.counts["events"] += 1
        self.time = max(self.time, seen.t)
        if self.events.allows():
            event = read(seen.value, seen.t)
            sentence = SENTENCES.get(event["type"]) if event and not event.get("unknown") else None
            text = sentence(event) if event and sentence else None
            if event and text:
                self._line(seen.t, " ", f"{who(event['visitor'])} {text}", "dim")

    def _trigger(self, trigger: dict[str, Any]) -> None:
        data = trigger["data"]
        cancelled = trigger["type"] == CANCELLED
        self.counts["cancels" if cancelled else "triggers"] += 1
        if self.triggers.allows():
            if cancelled:
                text = f"{data['recipe']} cancelled for {data['person']}: {data['reason']}"
                self._line(data["at"], "↩", text, "bold magenta")
            else:
                self._line(data["not_before"], "✓", fired(data), "bold green")

    def _line(self, at: int, sign: str, text: str, style: str) -> None:
        line = Text(f"{of_day(at, UTC)} {sign} {text}", style)
        self.console.print(line, soft_wrap=not self.console.is_terminal, overflow="ellipsis",
                           no_wrap=True)  # fmt: skip

    def _status(self) -> Text:
        counts = ", ".join(f"{count} {name}" for name, count in sorted(self.counts.items()))
        when = moment(self.time, UTC) if self.time else ""
        return Text(f"▶ {self.title}  {when}  {counts}", "bold cyan")


def fired(data: Mapping[str, Any]) -> str:
    """`cart-abandonment 1 of 3 → customer:anna by email: 2 × Tarp, 258.00 EUR`."""
    step = f" {data['step']} of {data['steps']}" if data["steps"] > 1 else ""
    order, product = data.get("order"), data.get("product")
    if data["cart"]:
        about = things(data["cart"]["items"])
    elif order:
        about = things(order["items"]) or f"the order {order['id']}"
    elif product:
        about = product.get("name") or product["id"]
    elif "audience" in data:
        about = f"belongs to {data['audience']}"
    else:
        about = "a search" if data["sub_kind"] else "no product"
    value = f", {money(data['value'])}" if data["value"] else ""
    offer = f", with {data['offer']}" if data["offer"] else ""
    channels = ", ".join(data["channels"])
    return f"{data['recipe']}{step} → {data['person']} by {channels}: {about}{value}{offer}"
