"""The bounds of a person: the oldest entries are dropped, not the newest. Reach of a contact person."""

import pytest

from stream import limits
from stream.episodes.orders import place
from stream.outputs.outputs import Outputs
from stream.recipes_file import DEFAULT
from stream.state.bought import BoughtLine, KnownCart
from stream.state.life_record import Life, remember
from stream.state.orders import HandedOrder, OrderEntry
from stream.state.person import NO_ORDER, Person, PersonVisitor
from stream.state.trimming import trim
from stream.state.whole_order import WholeOrder


def test_the_visitor_that_was_active_longest_ago_is_dropped_first() -> None:
    person = Person("customer:anna")
    for number in range(limits.MOST_VISITORS + 1):
        person.visitors[f"v{number}"] = PersonVisitor(False, 100 + number)
    trim(person, 0)
    assert "v0" not in person.visitors
    assert len(person.visitors) == limits.MOST_VISITORS


def test_the_cart_that_changed_longest_ago_is_dropped_first() -> None:
    person = Person("customer:anna")
    for number in range(limits.MOST_CARTS + 1):
        person.carts[f"k{number}"] = KnownCart(100 + number, "")
    trim(person, 0)
    assert "k0" not in person.carts
    assert len(person.carts) == limits.MOST_CARTS


def test_the_known_lines_of_the_oldest_cart_are_dropped_first() -> None:
    person = Person("customer:anna")
    lines = [("p", str(number), 1.0, 0) for number in range(limits.MOST_LINES // 2)]
    for number in range(3):
        person.carts[f"k{number}"] = KnownCart(100 + number, "c", list(lines))
    trim(person, 0)
    assert [bool(cart.lines) for cart in person.carts.values()] == [False, True, True]


def test_the_bought_lines_of_the_oldest_order_are_dropped_first() -> None:
    person = Person("customer:anna")
    for number in range(3):
        person.bought[f"k{number}"] = [
            BoughtLine("p", str(each), 1.0, "o", 100 + number, 1_000)
            for each in range(limits.MOST_LINES // 2)
        ]
    trim(person, 0)
    assert list(person.bought) == ["k1", "k2"]


def test_the_oldest_cancelled_order_is_dropped_first() -> None:
    person = Person("customer:anna")
    person.cancelled = [OrderEntry(str(n), n) for n in range(limits.MOST_ORDERS + 1)]
    trim(person, 0)
    assert person.cancelled[0].at == 1
    assert person.last_order == limits.MOST_ORDERS


def test_a_line_that_no_longer_counts_as_bought_is_dropped() -> None:
    person = Person("customer:anna", bought={"k": [BoughtLine("p", "", 1.0, "o", 1, 9)]})
    trim(person, 8)
    assert "k" in person.bought
    trim(person, 9)
    assert person.bought == {}


def test_a_recurring_order_is_in_the_record_and_not_the_last() -> None:
    person = Person("customer:anna", orders=[OrderEntry("o", 5, True)])
    assert (person.order_count, person.last_order, person.last_recorded) == (1, NO_ORDER, NO_ORDER)


@pytest.mark.parametrize(
    ("id", "contacts", "reach"),
    [
        ("email:h", None, ["email"]),
        ("phone:h", None, ["sms"]),
        ("email:h", ["push"], ["push"]),
        ("email:h", [], []),
        ("customer:anna", None, None),
        ("customer:anna", [], []),
        ("visitor:v", None, None),
    ],
)
def test_a_person_is_reached_by_its_contacts_or_its_own_address(
    id: str, contacts: list[str] | None, reach: list[str] | None
) -> None:
    assert Person(id, contacts=contacts).reach == reach


def test_the_bought_lines_of_the_cart_ordered_longest_ago_are_dropped_first() -> None:
    person = Person("customer:anna")
    for number in range(limits.MOST_CARTS + 2):
        person.bought[f"k{number}"] = [BoughtLine("p", "", 1.0, "o", 1_000 - number, 9_000)]
    trim(person, 0)
    assert list(person.bought) == [f"k{number}" for number in range(limits.MOST_CARTS)]


def test_an_episode_is_remembered_once() -> None:
    life = Life()
    for mark in (5, 7, 5):
        remember(life, mark)
    assert life.memory == [5, 7]


def test_the_value_of_an_order_that_leaves_the_record_stays_spent() -> None:
    person = Person("customer:anna")
    for number in range(limits.MOST_ORDERS + 2):
        placed = HandedOrder(f"o{number}", number, whole=WholeOrder(value=10.0))
        place(person, placed, number, DEFAULT, Outputs())
    assert len(person.orders) == limits.MOST_ORDERS
    assert person.of_life().spent == 20.0
