"""Seeded logs with valid and invalid variants of the frequent events of version 2.

`log(seed, size)` gives lines of a backtest's file: lines of `tests/reference/generate.py`, many changed.
"""

import json
import random
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Final

from tests.reference import generate

HASH: Final = "k_" + "0f" * 10
OTHERS: Final = (
    {"type": "page.viewed", "page": {"kind": "payment"}},
    {"type": "page.viewed", "page": {"kind": "confirmation", "path": "/thanks"}},
    {"type": "page.viewed", "page": {"kind": "attic"}},
    {"type": "page.viewed", "page": None},
    {"type": "page.viewed"},
    {"type": "activity.pinged"},
    {"type": "category.viewed", "category": 7},
    {"type": "search.performed", "query": "\ud83d tent"},
    {"type": "search.performed", "query": ""},
    {"type": "exit.signal", "signal": "tab_hidden", "held_ms": "6000"},
    {"type": "exit.signal", "signal": "back", "form_focus": None},
    {"type": "exit.signal", "signal": "close_shortcut"},
    {"type": "product.viewed", "product": {"id": 7, "price": "12.50"}},
    {"type": "product.viewed", "product": {"id": "p1", "name": None, "price": 1e16}},
    {"type": "product.viewed", "product": {"id": "p1", "name": "a/b", "category": 5.0}},
    {"type": "product.viewed", "product": {"id": "null", "url": "\ud800"}},
)
"""Bodies that replace others."""

IDS: Final = (
    *(7, 5.0, 0, -1, 10**20, "7", "-1", " null", "NULL", "Undefined", "event:null", "Event:e"),
    *(
        "a/null",
        "a/NULL",
        "b/undefined",
        "e/5",
        "{{id}}",
        "a{b",
        "${x}",
        "5%%",
        "5%",
        "[object Object]",
    ),
    *(
        "[x]",
        "0" * 32,
        "0" * 36,
        "00000000-0000-0000-0000-000000000000",
        "ü",
        "\u3000none",
        "x" * 128,
    ),
    *(
        "N/A",
        "Not_Set",
        "(not set)",
        "e d",
        "e~",
        "guest",
        "guest1",
        "not_authenticated",
        True,
        None,
        "",
    ),
)
PSEUDO: Final = (
    *("~cart:k", "~cart:null", "~checkout:x", "~customer:c1", f"~email:{HASH}", "~email:a@b"),
    *("~phone:" + HASH, "~", "~~cart:k", "~other:1", "~cart"),
)
OWNERS: Final = (7, "guest", "null", None, ["v"], "v" * 129, "", " anon ")
CUSTOMERS: Final = (None, 7, "c1", "c2", "guest", "", False)
KEYS: Final[tuple[Any, ...]] = (
    *(None, {}, {"cart": "k"}, {"cart": 7}, {"checkout": "x"}, {"email": HASH}, {"phone": HASH}),
    *({"email": "anna@example.com"}, {"cart": "k", "email": HASH + "2"}, {"cart": "null"}, "k"),
)
TIMES: Final = (None, "1772452800000", 1, 946_684_799_999, 946_684_800_000, 1e12, "now", 10**15 + 1)
ASIDE: Final = (
    *({"~": {"derived": True}}, {"~": None}, {"~": 7}, {"context": {"a": [None, {"b": "\ud800"}]}}),
    *({"note": "a\\u0041"}, {"id ": 1}, {"page": None}, {"signal": 7}, {"product": {"id": "p2"}}),
)


class _Odd:
    def __init__(self, seed: int) -> None:
        self.pick = random.Random(f"odd {seed}")
        self.ids: dict[Any, list[Any]] = defaultdict(list)

    def change(self, event: dict[str, Any]) -> None:
        """Replaces one part of an event by an invalid or unusual value."""
        pick, ids = self.pick, self.ids[str(event["visitor"])]
        match pick.randrange(12):
            case 0:
                event["id"] = pick.choice(IDS)
            case 1 if ids:
                event["id"] = ids[-min(len(ids), pick.choice((1, 2, 3, 255, 256, 257)))]
            case 2:
                event["visitor"] = pick.choice(PSEUDO)
            case 3:
                event["visitor"] = pick.choice(OWNERS)
                event |= pick.choice(({}, {"customer": "c1"}, {"keys": {"cart": "k"}}))
            case 4:
                event["customer"] = pick.choice(CUSTOMERS)
            case 5:
                event["keys"] = pick.choice(KEYS)
            case 6:
                event["client_time"] = pick.choice(TIMES)
            case 7:
                event |= pick.choice(ASIDE)
            case 8 | 9 | 10:
                name = event["id"], event["visitor"], event["t"]
                event.clear()
                event |= pick.choice(OTHERS) | dict(zip(("id", "visitor", "t"), name, strict=True))
            case _:
                event[pick.choice(list(event))] = None

    def written(self, event: dict[str, Any]) -> bytes:
        """The event as one of several encoders writes it."""
        text = json.dumps(event, ensure_ascii=self.pick.random() < 0.3)
        if self.pick.random() < 0.1:
            text = text.replace("/", "\\/")
        return text.encode("utf-8", "surrogatepass")

    def pings(self, event: dict[str, Any]) -> Iterator[bytes]:
        """Yields more events than ids are kept, within one or two visits."""
        for number in range(self.pick.choice((200, 256, 300))):
            kind = self.pick.choice(("activity.pinged", "page.viewed"))
            ping = {"t": event["t"], "id": f"{event['id']}-{number}", "visitor": event["visitor"]}
            self.ids[str(event["visitor"])].append(ping["id"])
            yield self.written(ping | {"type": kind})


def log(seed: int, size: int) -> list[bytes]:
    """`size` lines, or some hundreds more, in order of `t`."""
    odd, lines = _Odd(seed), list[bytes]()
    share = odd.pick.choice((0.02, 0.15, 0.4))
    for line in generate.log(seed, size):
        try:
            event = json.loads(line)
        except ValueError:
            event = None
        if not isinstance(event, dict) or not {"t", "id", "visitor"} <= event.keys():
            lines.append(line)
            continue
        if odd.pick.random() < share:
            odd.change(event)
            line = odd.written(event)
        odd.ids[str(event.get("visitor"))].append(event.get("id"))
        lines.append(line)
        if odd.pick.random() < 0.002 and type(event.get("t")) is int and event["visitor"]:
            lines += odd.pings(event)
    return lines
