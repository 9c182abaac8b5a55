"""Logs in which people are erased, over and over, in each way there is."""

import json
import random
from collections.abc import Iterator, Sequence
from typing import Any


def with_erasures(lines: Sequence[bytes], seed: int, share: float = 0.15) -> list[bytes]:
    """The lines, and behind some of them, at the same time or with the next, an erasure of somebody in the log."""
    pick, found = random.Random(f"erasures {seed}"), list[bytes]()
    owners = [owner for line in lines for owner in _owners(line)]
    for number, line in enumerate(lines):
        found.append(line)
        t = document(line).get("t")
        if owners and type(t) is int and pick.random() < share:
            event = {"t": t, "id": f"erasure-{number}", "type": "person.erased"}
            found.append(json.dumps(event | pick.choice(owners)).encode())
    return found


def document(line: bytes) -> dict[str, Any]:
    """The object that a line is; an empty one of any other."""
    try:
        read = json.loads(line)
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}


def _owners(line: bytes) -> Iterator[dict[str, Any]]:
    """Each way to name whom a line is of."""
    found = document(line)
    given: dict[str, Any] = {
        name: found[name] for name in ("visitor", "customer", "keys") if name in found
    }
    for name, value in given.items():
        if value:
            yield {name: value}
    if len(given) > 1:
        yield given
