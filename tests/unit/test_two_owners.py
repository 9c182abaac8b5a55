"""Two owners of a partition wrote states, because one was frozen. The state that is further ahead wins."""

import json
from typing import Any

import pytest

from stream import recipes_file
from stream.durations import HOUR, MINUTE
from stream.outputs.outputs import Outputs
from stream.stages.backend import PURE, VisitorBackend, best_backend
from stream.stages.people import People
from stream.stages.visitors import Visitors
from stream.stages.watermark import watermark_record

T = 1_767_571_200_000


def event(offset: int, type: str, **fields: Any) -> tuple[int, int, bytes, bytes]:
    body = {"id": f"e{offset}", "type": type, "visitor": "v", **fields}
    return offset, T, b"v", json.dumps(body).encode()


CART = event(0, "cart.item_added", item={"product_id": "p", "quantity": 1, "price": 20})


@pytest.mark.parametrize("backend", [PURE, best_backend()], ids=["pure", "best"])
def test_the_state_of_a_visitor_that_fell_idle_wins(backend: VisitorBackend) -> None:
    """Neither has read another event of the visitor. The slower one has packed more often and written last."""
    first = Visitors(recipes_file.DEFAULT, backend)
    first.process([CART], Outputs())
    kept = first.changes()
    slow, fast = (Visitors(recipes_file.DEFAULT, backend) for _ in range(2))
    for owner in (slow, fast):
        owner.restore(kept)
        owner.restored()
    fast.advance(T + HOUR, Outputs())
    written = fast.changes()
    slow.advance(T + MINUTE, Outputs())
    written += [*first_again(backend), *slow.changes()]

    next_owner = Visitors(recipes_file.DEFAULT, backend)
    next_owner.restore([*kept, *written])
    next_owner.restored()
    again = Outputs()
    next_owner.advance(T + 2 * HOUR, again)
    assert again.facts == []


def first_again(backend: VisitorBackend) -> list[tuple[bytes, bytes | None]]:
    """The same visitor, written once more after each repeated event."""
    owner = Visitors(recipes_file.DEFAULT, backend)
    owner.process([CART], Outputs())
    found = owner.changes()
    state = owner._states.get("v")
    assert state is not None
    for _ in range(3):
        owner._states.dirty["v"] = state
        found += owner.changes()
    return found


def people(kept: list[tuple[bytes, bytes | None]]) -> People:
    owner = People(recipes_file.DEFAULT, 1)
    owner.restore(kept)
    owner.restored()
    return owner


def decided(owner: People, until: int) -> int:
    """Decisions and triggers up to a time (ms)."""
    out = Outputs()
    owner.add([(1 << 40, watermark_record({0: until}, 1))])
    owner.advance(out)
    return len(out.triggers) + len(out.decisions)


def test_the_state_of_a_person_with_a_reminder_wins() -> None:
    """Both continue from one record. The slower one decides the first reminder only, in several small steps."""
    visitors = Visitors(recipes_file.DEFAULT)
    emitted = Outputs()
    visitors.process([CART], emitted)
    visitors.advance(T + HOUR, emitted)
    owner = People(recipes_file.DEFAULT, 1)
    owner.add(enumerate(value for _, value in emitted.facts))
    decided(owner, T + 10 * MINUTE)
    kept = owner.changes()

    slow, fast = people(kept), people(kept)
    assert decided(fast, T + 200 * HOUR)
    written = fast.changes()
    assert decided(slow, T + 2 * HOUR)
    written += slow.changes()
    state = slow._states.get("visitor:v")
    assert state is not None
    for _ in range(3):
        slow._states.dirty["visitor:v"] = state
        written += slow.changes()

    next_owner = people([*kept, *written])
    assert decided(next_owner, T + 201 * HOUR) == 0
