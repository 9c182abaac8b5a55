"""The command `erase`: which states belong to a person, and which events erase them."""

import argparse
import json

import pytest

from agents.collector.addresses import KnownSender
from agents.collector.validation import judge
from agents.commands import erase
from agents.config.environment import Environment
from agents.config.settings import SettingsError
from agents.erasure import search
from agents.erasure.events import Event, events
from agents.erasure.traces import KEPT, WAITS, Trace
from agents.erasure.wanted import ErasedNames
from agents.explain.decision_text import TAKEN_BACK
from agents.explain.whose import Beings
from stream.backtest import key as record_key
from stream.outputs.reasons import CancelReason
from stream.state.cart import Cart
from stream.state.key import Key, Owner
from stream.state.visitor import Visitor

EMAIL = "nZ3x0bqkR7Jt2c8Yw4mLfQ"


def visitor(id: str, customer: str | None = None, **fields: object) -> Visitor:
    made = Visitor(id, Cart(id), customer=customer)
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def pair(key: str, person: str) -> str:
    return f"{len(key)}|{key}{person}"


def found(asked: ErasedNames, *states: Visitor | Key) -> ErasedNames:
    """The names that the command finds."""
    wanted = asked.copy()
    while True:
        before = wanted.names
        for state in states:
            if isinstance(state, Visitor):
                search.of_visitor(state, wanted)
            else:
                search.of_key(state, wanted, asked.keys)
        if wanted.names == before:
            return wanted


def made(asked: ErasedNames, *states: Visitor | Key) -> list[Event]:
    wanted = found(asked, *states)
    visitors = {state.id: state for state in states if isinstance(state, Visitor)}
    return events(wanted, visitors, asked.keys)


def test_a_customers_erasure_includes_its_visitors_and_their_keys() -> None:
    phone = visitor("v-1", "anna", email=EMAIL)
    laptop = visitor("v-2", "anna", bound_pairs={pair("cart:7", "customer:anna"): 1})
    other = visitor("v-3", "bert", email=EMAIL)
    wanted = found(ErasedNames({"anna"}), phone, laptop, other)
    assert wanted.visitors == {"v-1", "v-2"}
    assert wanted.keys == {f"email:{EMAIL}", "cart:7"}
    assert wanted.customers == {"anna"}


def test_each_visitor_customer_and_key_has_an_event_that_can_be_read() -> None:
    phone = visitor("v-1", "anna", email=EMAIL, bound_pairs={pair("cart:7", "customer:anna"): 1})
    searched = made(ErasedNames({"anna"}), phone)
    assert searched == [
        {"type": "person.erased", "visitor": "v-1", "customer": "anna"},
        {"type": "person.erased", "customer": "anna"},
        {"type": "person.erased", "customer": "anna", "keys": {"cart": "7", "email": EMAIL}},
    ]
    keys = [record_key(json.dumps({"id": "1", "t": 0, **each}).encode()) for each in searched]
    assert keys == [b"v-1", b"~customer:anna", b"~cart:7"]


def test_a_device_that_is_another_customers_now_names_the_one_who_was_there() -> None:
    shared = visitor("v-1", "bert", former="customer:anna")
    assert made(ErasedNames({"anna"}), shared)[0] == {
        "type": "person.erased",
        "visitor": "v-1",
        "customer": "anna",
    }
    assert found(ErasedNames({"anna"}), shared).customers == {"anna"}


def test_a_visitor_that_is_asked_for_has_its_customer() -> None:
    wanted = found(ErasedNames(visitors={"v-1"}), visitor("v-1", "anna"), visitor("v-2", "anna"))
    assert (wanted.customers, wanted.visitors) == ({"anna"}, {"v-1", "v-2"})


def test_an_address_means_all_its_owners_unless_it_is_shared() -> None:
    asked, owners = ErasedNames(keys={f"email:{EMAIL}"}), [Owner("customer:anna", 1)]
    assert found(asked, Key(f"email:{EMAIL}", owners=owners)).customers == {"anna"}
    crowd = Key(f"email:{EMAIL}", owners=owners, shared=True)
    assert found(asked, crowd).customers == set()
    assert made(asked, crowd) == [{"type": "person.erased", "keys": {"email": EMAIL}}]


def test_a_key_of_the_person_adds_nobody_else() -> None:
    key = Key(f"email:{EMAIL}", owners=[Owner("customer:anna", 1), Owner("customer:bert", 2)])
    wanted = found(ErasedNames({"anna"}), key)
    assert (wanted.customers, wanted.keys) == ({"anna"}, {f"email:{EMAIL}"})


def test_a_name_is_found_whole_and_not_as_a_part_of_another() -> None:
    wanted = ErasedNames({"anna"}, {"v-1"})
    for text in ("anna", "customer:anna", "vip|customer:anna", pair("cart:7", "customer:anna")):
        assert wanted.is_mentioned({"a": [text]})
        assert wanted.is_mentioned({text: 1})
    assert not wanted.is_mentioned(["annabel", "customer:annabel", "v-10", 7, None])


def test_kept_records_are_listed_first() -> None:
    waits, kept = Trace("state.keys", "cart:7", WAITS), Trace("state.people", "customer:anna", KEPT)
    assert erase.lines([waits, waits, kept]) == [
        "state.people customer:anna: is kept (1)",
        "state.keys cart:7: waits for compaction (2)",
    ]


def asked(**given: str) -> argparse.Namespace:
    nothing = dict.fromkeys(("customer", "visitor", "email", "phone"))
    return argparse.Namespace(**{**nothing, **given})


def test_an_address_becomes_its_key_and_a_key_stays_unchanged() -> None:
    secret = Environment({"TRIGGERS_IDENTITY_PEPPER": "p" * 32})
    (key,) = erase.given_names(asked(email="Anna@laden-am-eck.de"), secret).keys
    assert len(key) == len("email:") + 43
    (same,) = erase.given_names(asked(email=key), Environment({})).keys
    assert same == key


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({}, "name the person"),
        ({"email": "anna@shop.example.org"}, "TRIGGERS_IDENTITY_PEPPER"),
        ({"email": "anna"}, "an e-mail address, or its key"),
    ],
)
def test_an_impossible_name_is_refused(given: dict[str, str], why: str) -> None:
    with pytest.raises(SettingsError, match=why):
        erase.given_names(asked(**given), Environment({}))


def test_the_collector_takes_an_erasure_only_with_its_key() -> None:
    """Without a key every other event is accepted."""
    body = b'{"id": "1", "type": "person.erased", "visitor": "v-1"}'
    assert judge(body, KnownSender(True, None, True)).taken
    (fault,) = judge(body, KnownSender(True, None, False)).faults
    assert (fault.reason, fault.path) == ("needs_key", "$.type")


def test_explain_separates_an_erased_person_from_a_later_one() -> None:
    start = {"visitor": "v-1", "type": "page.viewed"}
    erased = {"visitor": "v-1", "type": "person.erased", "id": "2", "t": 2}
    searched = Beings(
        [
            {**start, "id": "1", "t": 1, "customer": "anna"},
            erased,
            {**start, "id": "3", "t": 3},
        ]
    )
    assert [each.being for each in searched.all] == [0, 0, 1]
    assert [each.event["t"] for each in searched.own(["customer:anna"])] == [1, 2]
    assert searched.all[-1].person == "visitor:v-1"


def test_every_reason_of_a_cancel_has_words() -> None:
    assert set(TAKEN_BACK) == set(CancelReason.__args__)  # type: ignore[attr-defined]
