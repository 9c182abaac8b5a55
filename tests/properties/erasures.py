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
        t = _document(line).get("t")
        if owners and type(t) is int and pick.random() < share:
            event = {"t": t, "id": f"erasure-{number}", "type": "person.erased"}
            found.append(json.dumps(event | pick.choice(owners)).encode())
    return found


def _document(line: bytes) -> dict[str, Any]:
    try:
        document = json.loads(line)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _owners(line: bytes) -> Iterator[dict[str, Any]]:
    """Each way to name whom a line is of."""
    document = _document(line)
    given: dict[str, Any] = {
        name: document[name] for name in ("visitor", "customer", "keys") if name in document
    }
    for name, value in given.items():
        if value:
            yield {name: value}
    if len(given) > 1:
        yield given
