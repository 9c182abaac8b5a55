"""A shop's day joined from its pixel and its webhooks, in and out of order."""

import json
from collections import Counter
from random import Random

import pytest

from stream import backtest
from tests import checked
from tests.reference import decide
from tests.reference.compare import difference, rows
from tests.traffic import joined
from tests.traffic.joined import MINUTE, RULES, Told, arrived
from tests.traffic.shopify_day import BACK, CART, MORE, SOURCES, day

SHOPPERS = 12
HOOKS = ("shopify",)


def log(arrivals: list[tuple[int, Told]]) -> list[bytes]:
    return joined.log(arrivals, SOURCES)


def triggers(lines: list[bytes]) -> Counter[str]:
    """The number of triggers by recipe, visitor, channels and cart."""
    found, _ = backtest.decide(lines, checked.recipes(RULES))
    events: Counter[str] = Counter()
    for event in map(json.loads, found):
        data = event["data"]
        if ".fired." in event["type"]:
            cart = [(item["product_id"], item["quantity"]) for item in data["cart"]["items"]]
            events[f"{data['recipe']} {data['visitor']} {data['channels']} {cart}"] += 1
    return events


def in_order() -> list[tuple[int, Told]]:
    return [(each.t, each) for each in day(SHOPPERS)]


def test_who_leaves_is_written_to_once_and_who_buys_is_not() -> None:
    assert triggers(log(in_order())) == Counter(
        {
            f"checkout-abandonment ~cart:{CART}{n:04d} ['email'] [('100', 2)]": 1
            for n in range(1, SHOPPERS, 3)
        }
    )


def test_a_cart_of_hours_ago_reminds_nobody_at_the_moment_of_the_checkout() -> None:
    """The checkout tells whose the cart is. At that moment the shopper is about to buy it."""
    assert triggers(log([(each.t, each) for each in day(4, BACK)])) == Counter()


@pytest.mark.parametrize("longest", [MINUTE, 5 * MINUTE, 30 * MINUTE])
@pytest.mark.parametrize("seed", range(6))
def test_late_doubled_and_shuffled_webhooks_change_no_trigger(seed: int, longest: int) -> None:
    shuffled = log(arrived(day(SHOPPERS), Random(seed), longest, HOOKS, HOOKS))
    assert triggers(shuffled) == triggers(log(in_order()))


@pytest.mark.parametrize("seed", range(6))
def test_members_emptied_carts_and_cancellations_in_disorder_change_no_trigger(seed: int) -> None:
    """Who leaves as a member is written to; who emptied the cart, bought, or got the money back is not."""
    whole = day(20, MORE)
    shuffled = log(arrived(whole, Random(seed), MINUTE, HOOKS, ("shopify", "shopify-pixel")))
    expected = {
        f"checkout-abandonment ~cart:{CART}{n:04d} ['email'] [('100', 2)]": 1
        for n in range(1, 20, len(MORE))
    }
    assert triggers(log([(each.t, each) for each in whole])) == Counter(expected)
    assert triggers(shuffled) == Counter(expected)


@pytest.mark.parametrize("seed", range(2))
def test_the_reference_decides_the_same_of_a_day_in_disorder(seed: int) -> None:
    lines = log(arrived(day(SHOPPERS), Random(seed), 30 * MINUTE, HOOKS, HOOKS))
    ours = [
        [json.loads(row) for row in each] for each in backtest.decide(lines, checked.recipes(RULES))
    ]
    assert difference(rows(*decide(lines, RULES)), rows(*ours)) == ""
