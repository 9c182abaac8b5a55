"""`person.erased`: what it ends, what is published, and what it does not change. docs/semantics-life.md, "Erasure"."""

import json
from typing import Any

import pytest

from stream import backtest, recipes_file
from stream.outputs.outputs import Outputs
from stream.recipes.recipe import Recipes
from stream.stages.backend import COMPILED, PURE, VisitorBackend
from stream.stages.core import Core, Handed

T = 1_767_225_600_000
MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * 60
"""Minutes of a day."""
EMAIL = "nZ3x0bqkR7Jt2c8Yw4mLfQ"
RECIPES = recipes_file.load(
    """
recipes: [{name: cart-abandonment}, {name: exit-intent}, {name: welcome}]
audiences:
- {name: buyers, members: {orders: {min: 1}}}
- {name: big, members: {spent: {min: 1000}}}
"""
)
BACKENDS = [PURE] + ([COMPILED] if COMPILED else [])

Event = dict[str, Any]


def at(minutes: float, type: str, **fields: Any) -> Event:
    t = T + int(minutes * MINUTE)
    return {"t": t, "id": f"{type}-{minutes}-{fields.get('visitor')}", "type": type, **fields}


def cart(minutes: float, visitor: str, **fields: Any) -> Event:
    items = {"items": [{"product_id": "lamp", "quantity": 1, "price": 20}]}
    return at(minutes, "cart.updated", visitor=visitor, cart=items, **fields)


def order(minutes: float, visitor: str, id: str = "o-1", **fields: Any) -> Event:
    return at(minutes, "order.placed", visitor=visitor, order={"id": id, "value": 20}, **fields)


class Erasing:
    """All outputs of a log, and the states at its end."""

    def __init__(
        self, events: list[Event], make: VisitorBackend = PURE, recipes: Recipes = RECIPES
    ):
        core = Core(recipes, make)
        self.core, self.outs = core, list[Outputs]()
        for number, event in enumerate(sorted(events, key=lambda event: event["t"])):
            first = Handed()
            line = json.dumps(event).encode()
            core.visitors.process([backtest.record(number, line, 0)], first, backtest.event)
            self.outs.append(core.decided(first))
        last = Handed()
        core.visitors.advance(core.visitors.clock + backtest.MOVES_ON, last)
        self.outs.append(core.decided(last))

    @property
    def decisions(self) -> list[Event]:
        return [json.loads(value) for out in self.outs for _, value in out.decisions]

    @property
    def triggers(self) -> list[Event]:
        return [json.loads(value) for out in self.outs for *_, value in out.triggers]

    @property
    def cancels(self) -> list[tuple[str, str]]:
        data = [each["data"] for each in self.triggers if each["type"].endswith("cancelled.v1")]
        return [(each["person"], each["reason"]) for each in data]

    @property
    def closed(self) -> list[tuple[str, str]]:
        return [(each["person"], each["reason"]) for each in self.decisions if "steps_left" in each]

    @property
    def erased(self) -> list[str]:
        return [person for out in self.outs for person, _ in out.erased]

    @property
    def asked(self) -> dict[str, str]:
        """The id of the event that asked, by the person."""
        records = [json.loads(value) for out in self.outs for _, value in out.erased]
        return {each["subject"]: each["data"]["event"] for each in records}

    @property
    def audiences(self) -> list[tuple[str, str, str]]:
        found = [each for out in self.outs for each in out.audiences]
        words = {True: "entered", False: "left"}
        return [
            (audience, person, "gone" if value is None else words[entered])
            for audience, person, _, entered, value in found
        ]

    def fired(self, person: str) -> list[Event]:
        wanted = "storefront.trigger.fired.v1"
        return [
            each for each in self.triggers if (each["type"], each["subject"]) == (wanted, person)
        ]

    @property
    def kept(self) -> set[str]:
        """The names of all states."""
        stages = (self.core.visitors, self.core.keys, self.core.people)
        held = [stage._states.held[:3] for stage in stages]
        return {name for each in held for states in each for name in states}


@pytest.mark.parametrize("make", BACKENDS)
def test_erasing_a_visitor_erases_its_person_and_keys(make: VisitorBackend) -> None:
    erasing = Erasing(
        [
            cart(0, "v-1"),
            at(1, "visitor.identified", visitor="v-1", customer="anna", keys={"email": EMAIL}),
            cart(0, "v-2", customer="bert"),
            at(30, "person.erased", visitor="v-1"),
        ],
        make,
    )
    assert set(erasing.erased) == {"visitor:v-1", "customer:anna", f"email:{EMAIL}"}
    assert erasing.closed == [("customer:anna", "erased")]
    assert erasing.kept == {"v-2", "customer:bert"}
    assert erasing.fired("customer:anna") == []
    assert len(erasing.fired("customer:bert")) == 3


@pytest.mark.parametrize("make", BACKENDS)
def test_a_valid_trigger_is_cancelled_once(make: VisitorBackend) -> None:
    erasing = Erasing(
        [
            cart(0, "v-1", customer="anna", contacts=["email"]),
            at(90, "person.erased", visitor="v-1"),
            at(91, "person.erased", visitor="v-1"),
        ],
        make,
    )
    assert len(erasing.fired("customer:anna")) == 1
    assert erasing.cancels == [("customer:anna", "erased")]


def test_an_exit_trigger_is_cancelled() -> None:
    erasing = Erasing(
        [
            at(0, "page.viewed", visitor="v-1"),
            at(0.5, "exit.signal", visitor="v-1", signal="close_shortcut", held_ms=900),
            at(0.6, "person.erased", visitor="v-1"),
        ]
    )
    assert erasing.cancels == [("visitor:v-1", "erased")]


def test_an_erased_person_leaves_its_audiences_and_nothing_is_kept() -> None:
    erasing = Erasing(
        [
            order(0, "v-1", customer="anna"),
            at(5, "person.erased", customer="anna"),
            order(9, "v-1", "o-2", customer="anna"),
        ]
    )
    anna = [(name, what) for name, person, what in erasing.audiences if person == "customer:anna"]
    assert anna == [
        ("buyers", "entered"),
        ("buyers", "left"),
        ("buyers", "gone"),
        ("big", "gone"),
        ("buyers", "entered"),
    ]


def test_an_unknown_customer_is_erased_too() -> None:
    """Other systems may keep data of such a person for longer."""
    assert Erasing([at(0, "person.erased", customer="anna")]).erased == ["customer:anna"]


@pytest.mark.parametrize("make", BACKENDS)
def test_erasing_an_address_erases_everybody_that_it_names(make: VisitorBackend) -> None:
    erasing = Erasing(
        [
            at(0, "visitor.identified", visitor="v-1", customer="anna", keys={"email": EMAIL}),
            order(1, "v-1", customer="anna"),
            at(5, "person.erased", keys={"email": EMAIL}),
        ],
        make,
    )
    assert set(erasing.erased) == {f"email:{EMAIL}", "customer:anna"}
    assert erasing.kept == {"v-1"}, "its visitors are named by events of their own"


@pytest.mark.parametrize("make", BACKENDS)
def test_an_erasure_names_its_event_also_where_a_key_passed_it_on(make: VisitorBackend) -> None:
    whole, by_key = (
        at(5, "person.erased", visitor="v-1"),
        at(6, "person.erased", keys={"cart": "7"}),
    )
    erasing = Erasing([cart(0, "v-1"), cart(1, "v-2", keys={"cart": "7"}), whole, by_key], make)
    assert erasing.asked["visitor:v-1"] == whole["id"]
    assert erasing.asked["visitor:v-2"] == by_key["id"]


def test_the_other_customer_of_an_address_stays() -> None:
    erasing = Erasing(
        [
            at(0, "visitor.identified", visitor="v-1", customer="anna", keys={"email": EMAIL}),
            at(1, "visitor.identified", visitor="v-2", customer="bert", keys={"email": EMAIL}),
            at(5, "person.erased", visitor="v-1", customer="anna"),
        ]
    )
    assert "customer:bert" not in erasing.erased
    assert erasing.kept == {"v-2", "customer:bert"}


def test_erasing_a_shared_address_erases_nobody_else() -> None:
    crowd = [
        at(n, "visitor.identified", visitor=f"v-{n}", customer=f"c-{n}", keys={"email": EMAIL})
        for n in range(9)
    ]
    erasing = Erasing([*crowd, at(20, "person.erased", keys={"email": EMAIL})])
    assert {each for each in erasing.erased if each.startswith("customer:")} == set()
    assert f"email:{EMAIL}" not in erasing.kept


@pytest.mark.parametrize("make", BACKENDS)
def test_the_present_customer_of_the_device_stays(make: VisitorBackend) -> None:
    erasing = Erasing(
        [
            cart(0, "v-1", customer="anna"),
            cart(60, "v-1", customer="bert"),
            at(61, "person.erased", visitor="v-1", customer="anna"),
        ],
        make,
    )
    assert erasing.erased == ["customer:anna"]
    state = erasing.core.visitors._states.get("v-1")
    assert state is not None
    assert (state.customer, state.former) == ("bert", None)
    assert len(erasing.fired("customer:bert")) == 3


@pytest.mark.parametrize("make", BACKENDS)
def test_a_visitor_that_stays_is_written_with_the_erasure(make: VisitorBackend) -> None:
    visitors, written = Core(RECIPES, make).visitors, list[list[bytes]]()
    erased = at(1, "person.erased", visitor="v-1", customer="anna")
    for number, event in enumerate([cart(0, "v-1", customer="bert"), erased]):
        line = json.dumps(event).encode()
        visitors.process([backtest.record(number, line, 0)], Outputs(), backtest.event)
        written.append([key for key, _ in visitors.changes()])
    assert [b"v-1" in keys for keys in written] == [True, True]


@pytest.mark.parametrize("make", BACKENDS)
def test_a_visitor_that_stays_is_remembered_from_the_erasure_on(make: VisitorBackend) -> None:
    """Like any event that was not ignored, it is the visitor's last one, 30 days before it is forgotten."""
    erasing = Erasing(
        [
            cart(0, "v-1", customer="bert"),
            at(29 * DAY, "person.erased", visitor="v-1", customer="anna"),
            cart(45 * DAY, "v-1"),
        ],
        make,
    )
    state = erasing.core.visitors._states.get("v-1")
    assert state is not None
    assert state.customer == "bert"


@pytest.mark.parametrize("make", BACKENDS)
@pytest.mark.parametrize(("ends", "back"), [(2, True), (20, False)])
def test_a_visitor_that_is_not_named_stays_and_brings_its_customer_back(
    make: VisitorBackend, ends: float, back: bool
) -> None:
    """The cart of a visit that goes on is told when the visit ends; that of one before is not told again."""
    leaves = [cart(0, "v-1", customer="anna"), at(ends, "person.erased", customer="anna")]
    erasing = Erasing(leaves, make)
    assert erasing.erased == ["customer:anna"]
    assert ("v-1" in erasing.kept, "customer:anna" in erasing.kept) == (True, back)
    assert len(erasing.fired("customer:anna")) == 3 * back
    again = Erasing([*leaves, at(30, "page.viewed", visitor="v-1")], make)
    assert len(again.fired("customer:anna")) == 3


@pytest.mark.parametrize("make", BACKENDS)
def test_erased_with_its_visitor_a_customer_does_not_come_back(make: VisitorBackend) -> None:
    named = at(2, "person.erased", visitor="v-1", customer="anna")
    erasing = Erasing([cart(0, "v-1", customer="anna"), named], make)
    assert erasing.kept & {"v-1", "customer:anna"} == set()
    assert erasing.triggers == []


@pytest.mark.parametrize("make", BACKENDS)
def test_a_visitor_that_comes_again_is_new(make: VisitorBackend) -> None:
    erasing = Erasing(
        [
            at(0, "consent.changed", visitor="v-1", customer="anna", channels="all", granted=False),
            cart(1, "v-1", customer="anna"),
            at(2, "person.erased", visitor="v-1"),
            cart(3, "v-1", customer="anna"),
        ],
        make,
    )
    first = erasing.fired("customer:anna")[0]
    assert first["data"]["not_before"] == T + 63 * MINUTE, "and nothing is known of its withdrawal"


def test_both_backends_of_the_visitors_stage_decide_the_same() -> None:
    if COMPILED is None:
        pytest.skip("there was no compiler")
    events = [
        *(cart(n, f"v-{n}", customer=f"c-{n}") for n in range(20)),
        *(at(30 + n, "person.erased", visitor=f"v-{n}") for n in range(0, 20, 2)),
        *(cart(40 + n, f"v-{n}") for n in range(20)),
    ]
    one, other = Erasing(events, PURE), Erasing(events, COMPILED)
    assert (one.decisions, one.triggers) == (other.decisions, other.triggers)
    assert one.kept == other.kept
