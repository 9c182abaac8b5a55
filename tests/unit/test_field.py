"""Situations that people met elsewhere, run through the command backtest. The cases are in tests/field."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from agents.__main__ import main

FIELD = Path(__file__).parents[1] / "field"

Document = dict[str, Any]


class Situation(NamedTuple):
    """`holds`: the right behaviour, in short · `sentence`: the situation."""

    holds: str
    sentence: str


SITUATIONS = {
    "01-checkout-step-after-order": Situation(
        "a checkout step after the order starts no reminder",
        "order, then the thank-you page sends the checkout step once more, with an empty cart",
    ),
    "03-paid-at-second-try-same-order": Situation(
        "the same order paid at the second try is an order",
        "the shop makes the order first (o1), the card is declined, the second try pays the same order: "
        "`order.placed` o1 again",
    ),
    "06-order-total-as-text": Situation(
        "an order whose value cannot be read ends the reminders",
        '`order.placed` with `value` "4,245.42"',
    ),
    "08-order-with-nulls": Situation(
        "an order with nulls ends the reminders",
        "`order.placed` with `currency` and `cart_id` null, as servers write what they do not have",
    ),
    "10-order-shares-an-event-id": Situation(
        "an order is no duplicate of a page view with its event id",
        "page view and order of one page load carry the same event id",
    ),
    "11-bought-from-recovery-link-as-guest": Situation(
        "a guest's order over the same cart ends the customer's reminders",
        "link of reminder 1 opened on a laptop that nobody is logged in on: same cart id, bought as a guest",
    ),
    "14-bought-elsewhere-cart-lives-on": Situation(
        "after an order elsewhere only what is added later reminds",
        "order from the shop's server (or another device) for the same customer; next day a shoe is added on the "
        "phone, line by line",
    ),
    "16-withdrawal-names-unknown-channel": Situation(
        "an unknown channel costs a withdrawal nothing",
        "everything withdrawn; one of the five channels is one that this service does not know",
    ),
    "18-logged-out-on-shared-device": Situation(
        "nobody hears of what the next person did on a shared device",
        "Anna logs out (`customer: null`), somebody else looks at a ring for a minute",
    ),
    "20-ids-that-name-nobody": Situation(
        "ids that name nobody join nobody",
        'customers named by a UUID of zeros, an unfilled template, "(not set)"; a stranger with the zeros orders',
    ),
    "21-line-of-quantity-zero": Situation(
        "a line of quantity 0 is no line",
        "the lamp is set to 0 and a shoe is put in: `cart.updated` with a line of quantity 0",
    ),
    "23-price-as-text": Situation(
        "a price that cannot be read costs the price alone",
        'a price comes as "1.299,00"',
    ),
    "25-paid-and-free-line": Situation(
        "a paid and a free line of one product add up as money",
        "one shoe paid (80.00) and one free: two lines of one product; the recipe is for carts from 30.00",
    ),
    "27-batch-sent-again": Situation(
        "a batch sent again with the same ids changes nothing",
        "30 events of one visitor are posted, the answer is lost, the same 30 ids are posted again, as "
        "docs/storefront.md asks",
    ),
    "29-two-currencies-by-lines": Situation(
        "two currencies in a cart are not added up",
        "lamp for 40 euros, then the shopper changes to yen and adds a fan for 6500; the shop sends lines",
    ),
    "31-guest-id-zero": Situation(
        'customer "0" is nobody, and who gives a mail later is reached',
        'the platform puts customer "0" on everything a guest does; the mail is typed a minute later',
    ),
    "34-unpaid-order-cancelled": Situation(
        "an order that was not paid leaves its cart to remind of",
        "the shop makes the order before the payment; unpaid for an hour it is cancelled and told as a failed payment",
    ),
    "36-cart-id-rotates": Situation(
        "a new id for the same cart starts no second series",
        "after reminder 1 the shopper comes back; the platform gives the same cart a new id",
    ),
    "38-prerendered-products": Situation(
        "products that were only prerendered were not looked at",
        "the mouse passes over three products of a list; the browser prerenders them: three views in 0.9 s",
    ),
    "41-exit-offer-on-payment-page": Situation(
        "no exit offer on a payment page",
        "the shopper is on a page of kind `payment` and changes to the bank's app to confirm; the shop sends no "
        "checkout events",
    ),
    "42-client-time-in-the-wrong-unit": Situation(
        "a client_time in seconds is named in the output",
        "`client_time` is in seconds",
    ),
    "44-two-tags-one-click": Situation(
        "two tags with two ids are two clicks",
        "two tags report one click, 30 ms apart, with two ids",
    ),
    "47-consent-withdrawn-then-granted": Situation(
        "a withdrawal cancels, and a later grant leaves its channel",
        "all withdrawn after reminder 1, mail granted again five hours later",
    ),
    "49-mistyped-mail-corrected": Situation(
        "nobody is reminded at an address that was mistyped",
        "a mail typed wrongly at the checkout, corrected, then ordered",
    ),
    "52-crawler-carts": Situation(
        "a crawler's cart reaches nobody",
        "crawlers fill carts and name nobody",
    ),
    "54-order-of-nothing-to-pay": Situation(
        "an order of value 0 is an order",
        "a gift card pays all: order of value 0",
    ),
}

CASES = [pytest.param(name, id=situation.holds) for name, situation in SITUATIONS.items()]


@pytest.mark.parametrize("name", CASES)
def test_situation(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case = json.loads((FIELD / f"{name}.expected.json").read_text())
    right = case["right"]
    found = decided(FIELD / f"{name}.jsonl", case["recipes"], tmp_path, capsys)
    for kind in ("triggers", "decisions"):
        if right.get(kind) is not None:
            assert same(right[kind], found[kind]), f"{kind}: {found[kind]}"
    for wanted in right.get("some", []):
        assert any(matches(wanted, each) for each in found["triggers"])
    for unwanted in right.get("none", []):
        assert not any(matches(unwanted, each) for each in found["triggers"])
    for kind in ("rejected", "code"):
        assert right.get(kind) in {None, found[kind]}
    assert [word for word in right.get("says", []) if word.lower() not in found["said"]] == []


def decided(
    events: Path, recipes: Document | None, folder: Path, capsys: pytest.CaptureFixture[str]
) -> Document:
    """The files, output and status of the command."""
    arguments = ["backtest", str(events), "--out", str(folder)]
    if recipes is not None:
        (folder / "recipes.json").write_text(json.dumps(recipes))
        arguments += ["--recipes", str(folder / "recipes.json")]
    code = main(arguments)
    printed = capsys.readouterr()
    said = (printed.out + printed.err).replace(str(events), "").replace(str(folder), "")
    counted = re.search(r"^events:.*?(\d+) rejected", printed.out, re.MULTILINE)
    return {
        "code": code,
        "said": said.lower(),
        "rejected": int(counted[1]) if counted else 0,
        "triggers": [trigger(each) for each in written(folder / "triggers.jsonl")],
        "decisions": list(written(folder / "decisions.jsonl")),
    }


def written(file: Path) -> Iterator[Document]:
    for line in file.read_text().splitlines():
        yield json.loads(line)


def trigger(event: Document) -> Document:
    """The fields of a trigger or a cancel that a case may check."""
    data = event["data"]
    printed = {name: data[name] for name in ("recipe", "step", "person")}
    if event["type"] == "storefront.trigger.cancelled.v1":
        return {**printed, "type": "cancelled", "at": data["at"], "reason": data["reason"]}
    items = [] if data["cart"] is None else data["cart"]["items"]
    lines = [
        [each["product_id"], each.get("variant_id") or "", each["quantity"], each.get("price")]
        for each in items
    ]
    return {
        **printed,
        "type": "fired",
        "at": data["not_before"],
        "value": data["value"],
        "items": sorted(lines, key=str),
        "channels": sorted(data["channels"]),
    }


def matches(wanted: Document, found: Document) -> bool:
    """Whether all given fields are equal. Items may have any order."""
    given = dict(wanted)
    if given.get("items") is not None:
        given["items"] = sorted(given["items"], key=str)
    return all(found.get(name) == value for name, value in given.items())


def same(wanted: list[Document], found: list[Document]) -> bool:
    left = list(found)
    for each in wanted:
        hit = next((one for one in left if matches(each, one)), None)
        if hit is None:
            return False
        left.remove(hit)
    return not left


def test_every_case_of_the_folder_has_its_line_with_its_sentence() -> None:
    printed = {
        case["case"]: case["situation"]
        for case in (json.loads(file.read_text()) for file in FIELD.glob("*.expected.json"))
    }
    assert printed == {name: situation.sentence for name, situation in SITUATIONS.items()}
    assert len(printed) == len(list(FIELD.glob("*.jsonl")))


def test_the_name_of_a_case_is_short_and_its_own() -> None:
    names = [situation.holds for situation in SITUATIONS.values()]
    assert len(set(names)) == len(names)
    assert [name for name in names if len(name) > 70] == []


def test_a_wrong_answer_would_be_found() -> None:
    fired = {"type": "fired", "step": 1, "items": [["a", "", 1, 2.0], ["b", "", 1, None]]}
    assert same([{"items": [["b", "", 1, None], ["a", "", 1, 2.0]]}], [fired])
    assert not same([], [fired])
    assert not same([fired, fired], [fired])
    assert not same([{"step": 2}], [fired])
