"""Parts that an event loses in translation are reported once, and are in no event."""

from typing import Any

from stream.connect import consent, finishing, items
from stream.connect.contact import contact_keys, identifies
from stream.connect.events import Who, event
from stream.connect.lost import LOST
from stream.connect.source import Source
from stream.connect.translation import Translation

SHOP = Source(name="shop", kind="segment", trust="server", consent={"News": ["email", "push"]})


def finished(*made: dict[str, Any]) -> Translation:
    return finishing.finish(Translation(list(made)), SHOP)


def placed(**order: Any) -> dict[str, Any]:
    who = Who(visitor="v", client_time=None)
    return event("order.placed", "e", who, order=items.order(SHOP, id="o", **order))


def test_a_part_that_was_read_has_lost_nothing() -> None:
    line = items.item(SHOP, "EUR", id="p", price="4.50", quantity=2, url="/p", image=None)
    assert line is not None
    assert LOST not in line
    assert LOST not in items.order(SHOP, id="o", value="9.00", currency="eur", lines=[line])


def test_an_empty_value_is_not_lost() -> None:
    for nothing in (None, "", " ", "null", "undefined"):
        line = items.item(SHOP, None, id="p", price=nothing, quantity=nothing, currency=nothing)
        assert line == {"product_id": "p", "quantity": 1}


def test_a_lost_value_of_a_line_is_reported_by_its_place_in_the_order() -> None:
    line = items.ordered(SHOP, None, id="p", price="1.234,56", quantity="two", renews=True)
    done = finished(placed(value="-1", lines=[None, line]))
    assert done.events[0]["order"]["items"] == [{"product_id": "p", "quantity": 1, "renews": True}]
    assert [(left.reason, left.path) for left in done.left_out] == [
        ("unreadable", "$.order.value"),
        ("no_line", "$.order.items[0]"),
        ("unreadable", "$.order.items[1].quantity"),
        ("unreadable", "$.order.items[1].price"),
    ]


def test_an_order_of_which_no_line_is_one_has_no_lines() -> None:
    done = finished(placed(lines=[None]))
    assert done.events[0]["order"] == {"id": "o"}


def test_the_first_line_of_an_event_reports_those_that_were_none() -> None:
    bodies = items.each("cart.item_added", [None, {"product_id": "p"}, {"product_id": "q"}])
    done = finished(*(event(kind, "e", Who(visitor="v"), **body) for kind, body in bodies))
    assert [(left.name, left.reason, left.path) for left in done.left_out] == [
        ("cart.item_added", "no_line", "$.items[0]")
    ]
    assert [each["item"] for each in done.events] == [{"product_id": "p"}, {"product_id": "q"}]
    assert items.each("cart.item_added", [None]) == []


def test_a_key_that_no_address_made_leaves_no_trace_in_the_event() -> None:
    keys = contact_keys(SHOP, "a@b.example", "+49301234")
    assert keys == {LOST: "email phone"}
    assert not identifies(keys)
    twice = [event("order.placed", f"e-{n}", Who(visitor="v", keys=keys)) for n in (1, 2)]
    done = finished(*twice)
    assert all("keys" not in each for each in done.events)
    assert [left.path for left in done.left_out] == ["$.keys.email", "$.keys.phone"]


def test_traits_that_cannot_be_read_are_none() -> None:
    body = {"traits": items.traits("many", "$5")}
    done = finished(event("visitor.identified", "e", Who(customer="u"), **body))
    assert done.events == [{"id": "e", "type": "visitor.identified", "customer": "u"}]
    assert [left.path for left in done.left_out] == ["$.traits.orders", "$.traits.value"]


def test_a_subscription_has_its_own_channels_or_those_of_its_address() -> None:
    def joined(said: dict[str, Any], *keys: str) -> list[str]:
        return consent.joined(SHOP, said, dict.fromkeys(keys, "k"))

    assert joined({"channels": ["sms", "email", 5, None]}, "email") == ["email", "sms"]
    assert joined({"list": "news"}, "phone") == ["email", "push"]
    assert joined({"list": "gossip"}, "phone", "cart") == ["sms"]
    assert joined({}) == []


def test_a_browser_can_erase_nobody_and_subscribe_nobody() -> None:
    browser = Source(name="web", kind="segment")
    said: list[dict[str, Any]] = [
        {"id": "1", "type": "person.erased", "visitor": "v"},
        {"id": "2", "type": "visitor.subscribed", "visitor": "v", "channels": ["email"]},
        {"id": "3", "type": "order.delivered", "visitor": "v", "order": {"id": "o"}},
    ]
    done = finishing.finish(Translation(said), browser)
    assert [each["id"] for each in done.events] == ["3"]
    assert [left.reason for left in done.left_out] == ["untrusted", "untrusted"]


def test_an_address_in_the_name_of_an_event_is_not_published() -> None:
    done = Translation()
    done.leave_out("Invited ann@mail.example to " + "the shop " * 9, "unknown")
    done.leave_out("x" * 60 + " ann@mail.example", "unknown")
    assert done.left_out[0].name == "Invited … to " + ("the shop " * 9)[:51]
    assert done.left_out[1].name == "x" * 60 + " …"
