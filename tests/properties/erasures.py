"""Logs with repeated erasures of people, in every way."""

import json
import random
from collections.abc import Iterator, Sequence
from typing import Any


def with_erasures(lines: Sequence[bytes], seed: int, share: float = 0.15) -> list[bytes]:
    """The lines, some followed by an erasure of somebody in the log, at the time of this line or the next."""
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
    """The JSON object of a line; empty for any other value."""
    try:
        read = json.loads(line)
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}


def _owners(line: bytes) -> Iterator[dict[str, Any]]:
    """Yields each way to name the owner of a line."""
    found = document(line)
    given: dict[str, Any] = {
        name: found[name] for name in ("visitor", "customer", "keys") if name in found
    }
    for name, value in given.items():
        if value:
            yield {name: value}
    if len(given) > 1:
        yield given
