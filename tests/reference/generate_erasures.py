"""Logs with erasures of people, in every way that an event can name somebody."""

import json
import random
from collections.abc import Iterator, Sequence
from typing import Any

from tests.reference.times import DAY, HOUR

BACK = (HOUR, DAY, 40 * DAY)
NAMES = ("visitor", "customer", "keys")
PSEUDO = ("cart", "checkout", "email", "phone")


def with_erasures(lines: Sequence[bytes], seed: int, share: float = 0.15) -> list[bytes]:
    """The lines, some followed by an erasure of somebody in the log, at the time of this line or of the next."""
    pick, found = random.Random(f"erasures {seed}"), list[bytes]()
    owners = [owner for line in lines for owner in _owners(line)]
    for number, line in enumerate(lines):
        found.append(line)
        t = document(line).get("t")
        if owners and type(t) is int and pick.random() < share:
            event = {"t": t, "id": f"erasure-{number}", "type": "person.erased"}
            found.append(json.dumps(event | _named(pick, owners) | _odd(pick, number, t)).encode())
    return found


def document(line: bytes) -> dict[str, Any]:
    """The JSON object of a line; empty for any other value."""
    try:
        read = json.loads(line)
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}


def _owners(line: bytes) -> Iterator[dict[str, Any]]:
    """Yields each way to name the owner of a line."""
    found = document(line)
    given: dict[str, Any] = {name: found[name] for name in NAMES if name in found}
    for name, value in given.items():
        if value:
            yield {name: value}
    if len(given) > 1:
        yield given


def _named(pick: random.Random, owners: list[dict[str, Any]]) -> dict[str, Any]:
    """An owner; sometimes with what belongs to another one, or under the name of its pseudo-visitor."""
    owner = pick.choice(owners)
    if pick.random() < 0.25:
        owner = pick.choice(owners) | owner
    keys = owner.get("keys")
    if pick.random() < 0.1 and isinstance(keys, dict) and keys.keys() & {*PSEUDO}:
        name = pick.choice(sorted(keys.keys() & {*PSEUDO}))
        owner = owner | {"visitor": f"~{name}:{keys[name]}"}
    if pick.random() < 0.05 and isinstance(owner.get("customer"), str):
        owner = owner | {"visitor": f"~customer:{owner['customer']}"}
    return owner


def _odd(pick: random.Random, number: int, t: int) -> dict[str, Any]:
    """Sometimes: a time of the client, however long ago, or an id that was there before or is nobody's."""
    odd: dict[str, Any] = {}
    if pick.random() < 0.2:
        odd["client_time"] = t - pick.choice(BACK)
    if pick.random() < 0.1:
        odd["id"] = pick.choice(("erasure-again", "erasure-again", "0", number))
    if pick.random() < 0.05:
        odd["order"] = {"id": "o-1", "cart_id": "c-1"}
    return odd
