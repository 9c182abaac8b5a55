"""What an eraser finds: states that had begun by the erasure, and none that began later."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Any, cast

import msgspec
import pytest

from agents.erasure import age
from agents.erasure.events import Event, of_states
from agents.erasure.finding import Sought, find, find_left
from agents.erasure.states import StateRecord
from agents.erasure.wanted import ErasedNames
from stream.durations import DAY
from stream.outputs import audience_changes
from stream.outputs.outputs import Outputs
from stream.state.cart import Cart, Line
from stream.state.kept import Kept
from stream.state.key import ClaimedOrder, Key, Owner
from stream.state.orders import OrderEntry
from stream.state.view import View
from stream.state.visitor import VISIT_GAP, Checkout, Visitor
from tests.unit.test_erasure_search import EMAIL, pair, visitor

AT = 1_767_225_600_000
"""The erasure."""
BEFORE, AFTER = AT - 1, AT + 1


def active(id: str, since: int, customer: str | None = None, **fields: Any) -> Visitor:
    """A visitor that began at `since` with a visit."""
    return visitor(id, customer, last_event=since, visits=1, visit_start=since, **fields)


class States:
    """Changelogs with these states."""

    def __init__(self, *states: Visitor | Key, audiences: Iterable[StateRecord] = ()) -> None:
        self._states, self._audiences = states, audiences

    async def states(self, topic: str, needles: list[bytes]) -> dict[str, bytes]:
        kind = {"state.visitors": Visitor, "state.keys": Key}[topic]
        packed = {
            each.id: msgspec.msgpack.encode(each) for each in self._states if type(each) is kind
        }
        return {
            id: value
            for id, value in packed.items()
            if any(needle in id.encode() + value for needle in needles)
        }

    async def rows(self, topic: str) -> AsyncIterator[StateRecord]:
        for each in self._audiences:
            yield each


def sought(given: ErasedNames, *states: Visitor | Key) -> Sought:
    found = Sought(given, AT)
    asyncio.run(find(cast(Any, States(*states)), [found]))
    return found


def erased(given: ErasedNames, *states: Visitor | Key) -> list[Event]:
    found = sought(given, *states)
    return of_states(found.wanted, found.visitors) if found.has_states else []


def of_anna() -> ErasedNames:
    return ErasedNames({"anna"})


@pytest.mark.parametrize(
    "old",
    [
        {"customer_since": BEFORE},
        {"left_at": BEFORE},
        {"last_change": BEFORE},
        {"last_look": BEFORE},
        {"offered_at": BEFORE},
        {"cart": Cart("c", changed_at=BEFORE)},
        {"cart": Cart("c", lines={"k": Line("p", "", 1, since=BEFORE)})},
        {"checkout": Checkout(BEFORE, "e")},
        {"orders": [OrderEntry("o", AFTER), OrderEntry("o-2", BEFORE)]},
        {"ordered": Kept("o", BEFORE, "c", False)},
        {"views": {"p": View("p", 1, 0, BEFORE, "e")}},
        {"bound_pairs": {pair("cart:7", "visitor:v-1"): BEFORE}},
        {"visits": 2, "visit_start": AT + VISIT_GAP},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_any_time_before_the_erasure_makes_a_browser_an_old_one(old: dict[str, Any]) -> None:
    newer = active("v-1", AFTER, "anna", customer_since=AFTER)
    assert age.of_visitor(newer) == AFTER
    assert erased(of_anna(), newer) == []
    for name, value in old.items():
        setattr(newer, name, value)
    assert age.of_visitor(newer) <= AT
    assert erased(of_anna(), newer) == [
        {"type": "person.erased", "visitor": "v-1", "customer": "anna"},
        *(
            [{"type": "person.erased", "customer": "anna", "keys": {"cart": "7"}}]
            * bool(newer.bound_pairs)
        ),
    ]


def test_an_old_browser_that_is_in_use_is_erased_and_a_newer_one_is_not_named() -> None:
    old = active("v-1", BEFORE, "anna", last_active=AFTER)
    newer = active("v-2", AFTER, "anna", bound_pairs={pair("cart:8", "customer:anna"): AFTER})
    assert erased(of_anna(), old, newer) == [
        {"type": "person.erased", "visitor": "v-1", "customer": "anna"}
    ]


def test_a_browser_of_the_same_millisecond_is_an_old_one() -> None:
    assert erased(of_anna(), active("v-1", AT, "anna")) != []


def test_somebody_who_has_logged_out_since_is_still_named_by_the_browser() -> None:
    left = active("v-1", AFTER, None, former="customer:anna", left_at=AFTER)
    assert erased(of_anna(), left) == [
        {"type": "person.erased", "visitor": "v-1", "customer": "anna"}
    ]


def test_another_customer_of_the_device_stays() -> None:
    assert erased(of_anna(), active("v-1", BEFORE, "bert")) == []
    address = ErasedNames(keys={f"email:{EMAIL}"})
    assert erased(address, active("v-1", BEFORE, "bert", email=EMAIL)) == []
    assert erased(ErasedNames(visitors={"v-1"}), active("v-1", BEFORE, "bert")) == []


def test_a_contacts_browsers_are_found_by_its_address() -> None:
    guest = active("v-1", BEFORE, None, email=EMAIL)
    assert erased(ErasedNames(keys={f"email:{EMAIL}"}), guest) == [
        {"type": "person.erased", "visitor": "v-1"},
        {"type": "person.erased", "visitor": "v-1", "keys": {"email": EMAIL}},
    ]


def test_a_visitors_state_is_found_by_its_own_name() -> None:
    assert erased(ErasedNames(visitors={"v-1"}), active("v-1", BEFORE)) == [
        {"type": "person.erased", "visitor": "v-1"}
    ]


@pytest.mark.parametrize(
    ("key", "kept"),
    [
        (
            Key("cart:7", owners=[Owner("customer:anna", BEFORE), Owner("customer:bert", AFTER)]),
            True,
        ),
        (
            Key("cart:7", owners=[Owner("customer:anna", AFTER), Owner("customer:bert", BEFORE)]),
            False,
        ),
        (
            Key(
                "cart:7",
                owners=[Owner("customer:anna", AFTER)],
                orders=[ClaimedOrder("o", BEFORE, "customer:anna")],
            ),
            True,
        ),
        (Key("cart:7", withdrawn={"email": ["customer:anna"]}), True),
        (Key("cart:7", owners=[Owner("customer:bert", BEFORE)]), False),
    ],
)
def test_a_key_that_knew_the_customer_before_the_erasure_is_erased(key: Key, kept: bool) -> None:
    event = {"type": "person.erased", "customer": "anna", "keys": {"cart": "7"}}
    assert erased(of_anna(), key) == [event] * kept


def test_a_key_without_a_customer_or_a_browser_names_nobody() -> None:
    """An event with nothing but a key would erase all its owners."""
    key = Key("cart:7", owners=[Owner(f"email:{EMAIL}", BEFORE)])
    found = sought(ErasedNames(keys={f"email:{EMAIL}"}), key)
    assert (found.keys, found.has_states, found.is_kept) == ({"cart:7"}, False, False)


def test_one_pass_finds_each_persons_own_states_and_no_others() -> None:
    persons = [
        Sought(of_anna(), AT),
        Sought(ErasedNames({"bert"}), BEFORE - DAY),
        Sought(ErasedNames({"carl"}), AT),
    ]
    states = [active(f"v-{name}", BEFORE, name) for name in ("anna", "bert", "dora")]
    asyncio.run(find(cast(Any, States(*states)), persons))
    assert [set(each.visitors) for each in persons] == [{"v-anna"}, set(), set()]


def change(kind: str, audience: str, at: int) -> StateRecord:
    out = Outputs()
    audience_changes.publish(kind, [audience], "customer:anna", at, 1, out)
    return StateRecord("audiences", f"{audience}|customer:anna", out.audiences[0][-1])


def test_an_audience_that_was_left_before_the_erasure_is_found() -> None:
    entered, gone = audience_changes.ENTERED, audience_changes.LEFT
    rows = [
        change(gone, "old", BEFORE),
        change(gone, "newer", AFTER),
        change(entered, "present", BEFORE),
        change(gone, "again", BEFORE),
        change(entered, "again", AFTER),
        change(gone, "ended", BEFORE),
        StateRecord("audiences", "ended|customer:anna", None),
        StateRecord("audiences", "foreign|customer:anna", b"no JSON"),
        StateRecord("audiences", "old|customer:bert", change(gone, "old", BEFORE).value),
    ]
    person = Sought(of_anna(), AT)
    asyncio.run(find_left(cast(Any, States(audiences=rows)), [person]))
    assert person.left == ["old|customer:anna"]
    assert person.is_kept
