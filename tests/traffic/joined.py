"""A shop's day as two sides report it: how requests arrive, and what reminders they bring."""

import json
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from random import Random
from typing import Any, Final, NamedTuple

from stream import backtest
from stream.connect.registry import translate
from stream.connect.request import Request
from stream.connect.source import Source
from tests import checked

NINE: Final = 1_767_603_600_000
"""Mon 5 Jan 2026 09:00 UTC, in ms."""

MINUTE: Final = 60_000

RULES: Final[dict[str, Any]] = {
    "policy": {"caps": []},
    "recipes": [
        {"name": name, "steps": ["2h"], "ordered_within": 0, "cooldown": 0}
        for name in ("payment-failed", "checkout-abandonment", "cart-abandonment")
    ],
}
"""Recipes without the guards that would hide a second reminder, or one to a buyer."""


class Told(NamedTuple):
    """One request. `t`: event time in ms · `by`: its source · `request`: what comes, or a function from when it comes."""

    t: int
    by: str
    request: Request | Callable[[int], Request]

    def at(self, arrival: int) -> Request:
        return self.request if isinstance(self.request, Request) else self.request(arrival)


def arrived(
    told: list[Told],
    random: Random,
    longest: int,
    late: Collection[str],
    doubled: Collection[str],
) -> list[tuple[int, Told]]:
    """(arrival time, request): of `late` up to `longest` ms late, others within two seconds, half of `doubled` twice."""
    found = []
    for each in told:
        most = longest if each.by in late else 2_000
        times = 1 + (each.by in doubled and random.random() < 0.5)
        found += [(each.t + random.randint(0, most), each) for _ in range(times)]
    return sorted(found, key=lambda pair: pair[0])


def log(arrivals: list[tuple[int, Told]], sources: Mapping[str, Source]) -> list[bytes]:
    """The lines of a backtest's input, as the collector would have written them."""
    return [
        json.dumps({**event, "t": at}).encode()
        for at, each in arrivals
        for source in (sources[each.by],)
        for event in translate(source.kind, each.at(at), source, at).events
    ]


def reminders(lines: list[bytes], stories: Mapping[str, str]) -> dict[str, Counter[str]]:
    """The reminders by story: recipe, channels, lines, value. `stories`: by person; another person has its own name."""
    found, _ = backtest.decide(lines, checked.recipes(RULES))
    told: dict[str, Counter[str]] = {}
    for event in map(json.loads, found):
        data = event["data"]
        if ".fired." in event["type"]:
            cart = [(item["product_id"], item["quantity"]) for item in data["cart"]["items"]]
            reminder = f"{data['recipe']} {data['channels']} {cart} {data['value']}"
            told.setdefault(stories.get(data["person"], data["person"]), Counter())[reminder] += 1
    return told
