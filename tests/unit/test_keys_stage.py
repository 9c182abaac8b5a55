"""The keys stage: owners, hand-overs, forwarding, shared keys, copies, crashes."""

import json
from typing import Any

import pytest

from stream.durations import DAY, HOUR
from stream.outputs.outputs import Outputs
from stream.stages.keys import Keys
from stream.state.claims import AnyClaim, Bound, CancelClaim, ConsentClaim, OrderClaim
from stream.state.facts import WatermarkRecord

CART, MAIL = "cart:k1", "email:anna-mail-0123456789"
ANNA, BERT, GUEST, TILL = "customer:anna", "customer:bert", "visitor:v", "visitor:~cart:k1"
ALL = 2**60
LINES = [("lamp", "", 1.0)]


def _order(row: list[Any]) -> dict[str, Any]:
    """The fields of an order that is handed over, without missing ones."""
    names = ("id", "at", "recurring", "cart_id", "contents")
    found = dict(zip(names, row, strict=False))
    return {name: value for name, value in found.items() if value not in (None, False)}


class KeysDriver:
    """Passes claims in time order to a stage, and moves its watermark past them."""

    def __init__(self, key: str = CART) -> None:
        self.keys = Keys(1)
        self.out = Outputs()
        self._key = key
        self._n = 0

    def tell(self, claim: AnyClaim) -> "KeysDriver":
        self.keys.take(self.keys.position, claim)
        self.keys.take(self.keys.position, WatermarkRecord(1, {0: claim.at + 1}))
        self.keys.advance(self.out)
        return self

    def _place(self, person: str, at: int) -> dict[str, Any]:
        self._n += 1
        return {"at": at, "visitor": "v", "n": self._n, "key": self._key, "person": person}

    def bound(self, person: str, at: int) -> "KeysDriver":
        return self.tell(Bound(**self._place(person, at)))

    def ordered(self, person: str, at: int, id: str = "o1", **body: Any) -> "KeysDriver":
        return self.tell(OrderClaim(**self._place(person, at), order_id=id, **body))

    def cancelled(self, person: str, at: int, id: str = "o1", **body: Any) -> "KeysDriver":
        return self.tell(CancelClaim(**self._place(person, at), order_id=id, **body))

    def withdrew(self, person: str, at: int, *channels: str) -> "KeysDriver":
        body: dict[str, Any] = {"channels": list(channels) or ["email"], "granted": False}
        return self.tell(ConsentClaim(**self._place(person, at), **body))

    def granted(self, person: str, at: int, **body: Any) -> "KeysDriver":
        body = {"channels": ["email"], "granted": True, **body}
        return self.tell(ConsentClaim(**self._place(person, at), **body))

    def crowd(self, last: int = 9, first_at: int = 0) -> "KeysDriver":
        """Nine persons are bound, the first at `first_at`, the last at `last`."""
        self.bound("customer:0", first_at)
        for number in range(1, 8):
            self.bound(f"customer:{number}", number)
        return self.bound("customer:8", last)

    @property
    def facts(self) -> list[dict[str, Any]]:
        found = [json.loads(value) for _, value in self.out.facts]
        for fact in found:
            if "orders" in fact:
                fact["orders"] = [_order(row) for row in fact["orders"]]
        return found

    @property
    def heard(self) -> list[tuple[str, str]]:
        """(person, type) of each fact."""
        return [(fact["person"], fact["type"]) for fact in self.facts]

    @property
    def handed(self) -> list[tuple[str, list[str], list[str]]]:
        """(person, order ids, withdrawn channels) of each hand-over."""
        return [
            (f["person"], [o["id"] for o in f.get("orders", [])], f.get("withdrawn", []))
            for f in self.facts
            if f["type"] == "visitor.identified"
        ]


def test_a_key_forwards_an_order_to_its_other_owners() -> None:
    keys_stage = KeysDriver().bound(ANNA, 1).bound(BERT, 2).ordered(ANNA, 3)
    assert keys_stage.heard == [(BERT, "order.placed")]


def test_a_forwarded_order_carries_time_cart_and_contents() -> None:
    keys_stage = KeysDriver().bound(ANNA, 1).ordered(TILL, 5, cart_id="k1", contents=LINES)
    (fact,) = keys_stage.facts
    assert (fact["at"], fact["visitor"], fact["n"]) == (5, "~~cart:k1", 0)
    assert (fact["order_id"], fact["cart_id"]) == ("o1", "k1")
    assert fact["contents"] == [["lamp", "", 1.0]]


def test_the_facts_of_a_key_are_numbered() -> None:
    keys_stage = KeysDriver().bound(ANNA, 1).bound(BERT, 2).ordered(TILL, 3).ordered(TILL, 4, "o2")
    assert [fact["n"] for fact in keys_stage.facts] == [0, 1, 2, 3]


def test_an_order_repeated_at_a_key_is_nothing() -> None:
    keys_stage = KeysDriver().bound(ANNA, 1).ordered(TILL, 2).ordered(BERT, 3)
    assert keys_stage.heard == [(ANNA, "order.placed")]


def test_orders_of_no_id_repeat_only_at_one_time() -> None:
    keys_stage = KeysDriver().bound(ANNA, 1).ordered(TILL, 2, "null").ordered(TILL, 3, "null")
    assert len(keys_stage.ordered(TILL, 3, "null").heard) == 2


def test_the_cancel_of_an_order_of_no_id_means_the_latest() -> None:
    keys_stage = (
        KeysDriver().ordered(TILL, 2, "null").ordered(TILL, 3, "null").cancelled(TILL, 4, "null")
    )
    (fact,) = keys_stage.bound(ANNA, 5).facts
    assert [order["at"] for order in fact["orders"]] == [2]


def test_a_new_owner_gets_the_orders_of_others_oldest_first() -> None:
    keys_stage = KeysDriver().ordered(TILL, 1, "o1").ordered(ANNA, 2, "o2").ordered(TILL, 3, "o3")
    assert keys_stage.bound(ANNA, 4).handed == [(ANNA, ["o1", "o3"], [])]


def test_orders_handed_over_carry_cart_and_contents() -> None:
    (fact,) = KeysDriver().ordered(TILL, 1, cart_id="k1", contents=LINES).bound(ANNA, 4).facts
    assert fact["orders"] == [
        {"id": "o1", "at": 1, "cart_id": "k1", "contents": [["lamp", "", 1.0]]}
    ]


def test_an_owner_bound_again_gets_nothing() -> None:
    keys_stage = KeysDriver().bound(ANNA, 1).ordered(TILL, 2)
    assert keys_stage.bound(ANNA, 3).handed == []


def test_a_new_owner_gets_withdrawals_of_others_only() -> None:
    keys_stage = KeysDriver().withdrew(ANNA, 1, "email").withdrew(TILL, 2, "email", "sms")
    assert keys_stage.bound(ANNA, 3).handed == [(ANNA, [], ["email", "sms"])]
    assert KeysDriver().withdrew(ANNA, 1).bound(ANNA, 2).handed == []


def test_a_withdrawal_is_forwarded_and_a_grant_is_not() -> None:
    keys_stage = KeysDriver().bound(ANNA, 1).withdrew(TILL, 2).granted(TILL, 3)
    assert keys_stage.heard == [(ANNA, "consent.changed")]


def test_a_grant_by_anyone_deletes_withdrawals() -> None:
    assert KeysDriver().withdrew(TILL, 1).granted(ANNA, 2).bound(BERT, 3).handed == []


def test_a_late_grant_deletes_no_withdrawal() -> None:
    keys_stage = KeysDriver().withdrew(TILL, 1).granted(ANNA, 2, late=True)
    assert keys_stage.bound(BERT, 3).handed == [(BERT, [], ["email"])]


def test_a_withdrawal_outlives_many_of_the_same_persons() -> None:
    keys_stage = KeysDriver()
    for number in range(5):
        keys_stage.withdrew(f"customer:{number}", number)
    assert keys_stage.bound("customer:0", 9).handed == [("customer:0", [], ["email"])]


def test_a_cancellation_is_forwarded_known_or_not() -> None:
    keys_stage = KeysDriver().bound(ANNA, 1).cancelled(TILL, 2, "other")
    assert keys_stage.heard == [(ANNA, "order.cancelled")]


def test_a_cancelled_order_is_not_handed_over() -> None:
    assert KeysDriver().ordered(TILL, 1).cancelled(TILL, 2).bound(ANNA, 3).handed == []


def test_a_cancelled_order_may_come_again() -> None:
    keys_stage = KeysDriver().ordered(TILL, 1).cancelled(TILL, 2).ordered(TILL, 3)
    assert keys_stage.bound(ANNA, 4).handed == [(ANNA, ["o1"], [])]


@pytest.mark.parametrize(("window", "left"), [((5, 6), 0), ((4, 5), 1), ((6, 7), 1)])
def test_an_unpaid_order_goes_only_within_the_window(window: tuple[int, int], left: int) -> None:
    keys_stage = KeysDriver().ordered(TILL, 5).cancelled(TILL, 8, unpaid=window).bound(ANNA, 9)
    assert len(keys_stage.handed) == left


def test_a_forwarded_failure_carries_its_window() -> None:
    (fact,) = KeysDriver().bound(ANNA, 1).cancelled(TILL, 8, unpaid=(4, 7)).facts
    assert fact["unpaid"] == [4, 7]


@pytest.mark.parametrize("key", [MAIL, "phone:0123456789abcdef"])
def test_customers_with_one_address_get_nothing_of_each_other(key: str) -> None:
    keys_stage = (
        KeysDriver(key).bound(ANNA, 1).ordered(BERT, 2).cancelled(BERT, 3).withdrew(BERT, 4)
    )
    assert keys_stage.heard == []


def test_customers_of_one_address_inherit_nothing() -> None:
    assert KeysDriver(MAIL).ordered(ANNA, 1).withdrew(ANNA, 2).bound(BERT, 3).handed == []


def test_a_guest_and_a_customer_with_one_address_share_orders() -> None:
    keys_stage = (
        KeysDriver(MAIL).bound(ANNA, 1).ordered(GUEST, 2).bound(GUEST, 3).ordered(ANNA, 4, "o2")
    )
    assert keys_stage.heard == [(ANNA, "order.placed"), (GUEST, "order.placed")]


def test_a_withdrawal_of_a_guest_reaches_a_customer_behind_others() -> None:
    keys_stage = KeysDriver(MAIL).withdrew(ANNA, 1).withdrew("customer:c", 2).withdrew(GUEST, 3)
    assert keys_stage.bound(BERT, 4).handed == [(BERT, [], ["email"])]


def test_the_first_bound_of_nine_owners_is_dropped() -> None:
    keys_stage = KeysDriver().crowd(2 * DAY).ordered(TILL, 3 * DAY)
    assert [person for person, _ in keys_stage.heard] == [f"customer:{n}" for n in range(1, 9)]


def test_an_owner_bound_again_is_the_last() -> None:
    keys_stage = (
        KeysDriver().crowd(2 * DAY).bound("customer:1", 2 * DAY + 1).bound(ANNA, 2 * DAY + 2)
    )
    keys_stage.ordered(TILL, 3 * DAY)
    assert "customer:1" in dict(keys_stage.heard)
    assert "customer:2" not in dict(keys_stage.heard)


def test_a_shared_key_forwards_orders_to_the_owner_bound_last() -> None:
    keys_stage = KeysDriver().crowd().ordered(TILL, 10).cancelled(TILL, 11)
    assert keys_stage.heard == [("customer:8", "order.placed"), ("customer:8", "order.cancelled")]


def test_a_shared_key_passes_over_the_person_of_the_order() -> None:
    assert KeysDriver().crowd().ordered("customer:8", 10).heard == [("customer:7", "order.placed")]


def test_a_shared_key_forwards_withdrawals_to_all() -> None:
    assert len(KeysDriver().crowd().withdrew(TILL, 10).heard) == 8


def test_a_shared_key_hands_over_nothing() -> None:
    assert KeysDriver().ordered(TILL, 0).withdrew(TILL, 0).crowd(8).handed[8:] == []


def test_eight_owners_of_which_one_was_bound_24h_ago_share_nothing() -> None:
    assert not _shared(KeysDriver().crowd(DAY))
    assert _shared(KeysDriver().crowd(DAY - 1))


def _shared(keys_stage: KeysDriver) -> bool:
    return len(keys_stage.ordered(TILL, 2 * DAY).heard) == 1


def test_orders_are_kept_for_30d() -> None:
    kept = KeysDriver().ordered(TILL, HOUR).bound(ANNA, 2 * HOUR)
    assert kept.bound(BERT, 30 * DAY + HOUR - 1).handed[1:] == [(BERT, ["o1"], [])]
    kept = KeysDriver().ordered(TILL, HOUR).bound(ANNA, 2 * HOUR)
    assert kept.bound(BERT, 30 * DAY + HOUR).handed[1:] == []


def test_the_last_64_orders_are_kept() -> None:
    keys_stage = KeysDriver()
    for number in range(65):
        keys_stage.ordered(TILL, number, f"o{number}")
    ((_, orders, _),) = keys_stage.bound(ANNA, 99).handed
    assert orders == [f"o{number}" for number in range(1, 65)]


def test_contents_of_old_orders_leave_first_for_want_of_room() -> None:
    large = [("x" * 500_000, "", 1.0)]
    keys_stage = KeysDriver()
    for number in range(3):
        keys_stage.ordered(TILL, number, f"o{number}", contents=large)
    (fact,) = keys_stage.bound(ANNA, 9).facts
    assert ["contents" in order for order in fact["orders"]] == [False, True, True]


def test_a_key_is_forgotten_30d_after_its_last_claim() -> None:
    keys_stage = KeysDriver().withdrew(TILL, 1).bound(ANNA, 2)
    assert keys_stage.bound(BERT, 30 * DAY + 2).handed[1:] == []
    keys_stage = KeysDriver().withdrew(TILL, 1).bound(ANNA, 2)
    assert keys_stage.bound(BERT, 30 * DAY + 1).handed[1:] == [(BERT, [], ["email"])]
