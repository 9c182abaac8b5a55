"""A log in which many states are alive at once: small generated worlds, all of which begin at one time."""

import copy
import json
import random
from typing import Any

from stream.durations import DAY
from stream.state.visitor import FORGET_AFTER, IDLE_AFTER
from tests.reference import generate
from tests.reference.times import MINUTE

START = 1_772_452_800_000
WORLDS, SIZE = 24, 45
"""More give larger files; with fewer some part of a state is unused."""

OFFERS = [{"offer": "any"}]
LASTS = 20 * DAY
"""Ms used of each world; later events are dropped, because nobody is forgotten before that."""


def log(seed: int) -> tuple[list[str], int]:
    """(lines, number of lines processed when the changelogs are written). Two visitors of a month before
    are forgotten by then, one of them only just: its header is still in the changelog."""
    found = lines(seed)
    read = _read(found)
    just = json.loads(found[read - 1])["t"] - FORGET_AFTER - IDLE_AFTER
    early = [_view("long-gone", START - FORGET_AFTER - IDLE_AFTER), _view("just-gone", just)]
    found[read - 1 : read - 1] = _emptied(json.loads(found[read - 1])["t"])
    begun = json.loads(found[read // 2])["t"]
    found[read // 2 : read // 2] = known = _known(begun) + _lives(begun)
    return early + found, read + len(early) + 3 + len(known)


def _read(found: list[str]) -> int:
    """The number of generated lines processed when the changelogs are written."""
    return len(found) * 7 // 10


def _lives(t: int) -> list[str]:
    """A list subscriber; a customer who buys a consumable, reported an hour late, with a scheduled step."""
    joins = {"t": t, "visitor": "joining", "customer": "joining"}
    head = {"t": t, "visitor": "lived", "customer": "lived"}
    items = [{"product_id": "p1", "quantity": 2, "price": 5, "category": "shoes", "name": "Shoe"}]
    order = {"id": "o-lived", "items": items}
    late = {"client_time": t - 60 * MINUTE, "type": "order.placed", "order": order}
    listed = {"type": "visitor.subscribed", "channels": ["email"]}
    return [
        json.dumps({"id": "e-joins", **joins, **listed}),
        json.dumps({"id": "e-buys", **head, **late}),
    ]


def _view(visitor: str, t: int) -> str:
    keys = {"cart": f"cart-{visitor}"}
    body = {"type": "product.viewed", "visitor": visitor, "keys": keys, "product": {"id": "p1"}}
    return json.dumps({"t": t, "id": f"e-{visitor}", **body})


def _emptied(t: int) -> list[str]:
    """A cart emptied while its checkout is open."""
    item = {"product_id": "p1", "quantity": 1, "price": 5}
    head = {"t": t, "visitor": "emptied"}
    added = {**head, "id": "e-added", "type": "cart.item_added", "item": item}
    return [
        json.dumps(added),
        json.dumps({**head, "id": "e-checkout", "type": "checkout.started"}),
        json.dumps({**head, "id": "e-taken", "type": "cart.updated", "cart": {"items": []}}),
    ]


def _known(t: int) -> list[str]:
    """A subscription of an unknown person; an order whose lines arrive later by a key."""
    keys, head = {"cart": "cart-of-two"}, {"t": t, "visitor": "two-1"}
    order = {"id": "o-two", "value": 5}
    lines = {**order, "items": [{"product_id": "p1", "price": 5}]}
    listed = {"type": "visitor.subscribed", "visitor": "listed", "channels": ["email"]}
    placed = {**head, "type": "order.placed", "keys": keys}
    named = {"type": "visitor.identified", "customer": "two"}
    bound = {**head, "visitor": "two-0", "keys": keys, **named}
    return [
        json.dumps({"t": t, "id": "e-listed", **listed}),
        json.dumps({"id": "e-placed", "order": order, **placed}),
        json.dumps({"id": "e-bound", **bound}),
        json.dumps({"id": "e-again", "order": lines, **placed}),
    ]


LIVES: tuple[dict[str, Any], ...] = (
    {"name": "greeting", "kind": "welcome", "steps": ["0ms", "20d"], "attribution": "25d"},
    {"name": "parcel", "kind": "post-purchase", "from": "delivered", "expires": "25d"},
    {"name": "again", "kind": "replenishment", "life": {"*": "14d"}, "lead": "0ms"},
)
"""Stories that are in long waits when the changelogs are written."""


def recipes(seed: int) -> dict[str, Any]:
    """A recipes file's contents, by which people are forgotten within the log; two shadows have offers of their own. A
    second document comes into force while episodes wait."""
    document = generate.life_recipes(seed)
    document["policy"]["keep"] = "30d"
    document["recipes"] += [
        {"name": "shadow-of-exit", "kind": "exit-intent", "mode": "shadow"},
        {"name": "shadow-of-carts", "kind": "cart-abandonment", "mode": "shadow", "offers": OFFERS},
        *LIVES,
    ]
    found = lines(seed)
    later = copy.deepcopy(document)
    later["from"] = json.loads(found[_read(found) * 3 // 4])["t"] + 1
    later["recipes"][-len(LIVES)]["steps"] = ["0ms", "21d"]
    return {"history": [document, later]}


def lines(seed: int) -> list[str]:
    """Valid events only, as broken ones leave no state; visitors and customers are each world's own."""
    pick = random.Random(f"golden {seed}")
    found: list[tuple[int, int, int, dict[str, Any]]] = []
    for world in range(WORLDS):
        of_a_world = generate.life_log if world % 3 == 2 else generate.log
        events = _events(of_a_world(pick.randrange(10**6), SIZE))
        begins = START + world * MINUTE - events[0]["t"]
        for number, event in enumerate(events):
            event["t"] += begins
            for name in {"visitor", "customer"} & event.keys():
                event[name] = f"w{world}.{event[name]}"
            if event["t"] < START + LASTS:
                found.append((event["t"], world, number, event))
    return [json.dumps(event) for *_, event in sorted(found, key=lambda row: row[:3])]


def _events(log: list[bytes]) -> list[dict[str, Any]]:
    """The events with all required fields and without client times, which would not move."""
    found = []
    for line in log:
        try:
            event = json.loads(line)
        except (ValueError, RecursionError):
            continue
        needed = ("id", "type")
        if isinstance(event, dict) and all(isinstance(event.get(n), str) for n in needed):
            event.pop("client_time", None)
            found.append(event)
    return [event for event in found if isinstance(event.get("t"), int)]
