"""Days of shops that two sides report, the browser and the server, in and out of order."""

import json
from collections import Counter
from random import Random

import pytest

from stream import backtest
from tests import checked
from tests.reference import decide
from tests.reference.compare import difference, rows
from tests.traffic import stories
from tests.traffic.adobe_day import AdobeShopper, MaskedShopper
from tests.traffic.commercetools_day import CartOnlyShopper, CommercetoolsShopper
from tests.traffic.ga4_day import InventedClientShopper, ProtocolShopper, WooGa4Shopper
from tests.traffic.joined import MINUTE, RULES, arrived, log, reminders
from tests.traffic.segment_day import SegmentShopper
from tests.traffic.stories import Shopper
from tests.traffic.woocommerce_day import WooSegmentShopper

PAIRS = [
    AdobeShopper,
    CartOnlyShopper,
    CommercetoolsShopper,
    InventedClientShopper,
    MaskedShopper,
    ProtocolShopper,
    SegmentShopper,
    WooGa4Shopper,
    WooSegmentShopper,
]
PAIR = pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.__name__)


def right(pair: type[Shopper]) -> dict[str, Counter[str]]:
    return {
        story: Counter({reminder: 1})
        for story, reminder in pair.REMINDED.items()
        if not story.endswith(pair.WITHOUT or "nothing")
    }


def in_disorder(pair: type[Shopper], seed: int, longest: int) -> list[bytes]:
    """The day with server messages late, shuffled and half of them doubled."""
    told = stories.day(stories.shoppers(pair))
    arrivals = arrived(told, Random(seed), longest, pair.SERVERS, pair.SERVERS)
    return log(arrivals, pair.SOURCES)


@PAIR
def test_who_leaves_is_reminded_once_and_who_buys_is_not(pair: type[Shopper]) -> None:
    everybody = stories.shoppers(pair)
    lines = log([(each.t, each) for each in stories.day(everybody)], pair.SOURCES)
    assert reminders(lines, stories.of_persons(everybody)) == right(pair)


@PAIR
@pytest.mark.parametrize("longest", [MINUTE, 5 * MINUTE, 30 * MINUTE])
@pytest.mark.parametrize("seed", range(3))
def test_late_doubled_and_shuffled_messages_change_no_reminder(
    pair: type[Shopper], longest: int, seed: int
) -> None:
    everybody = stories.of_persons(stories.shoppers(pair))
    assert reminders(in_disorder(pair, seed, longest), everybody) == right(pair)


@PAIR
@pytest.mark.parametrize("member", [False, True], ids=["guest", "member"])
def test_no_buyer_is_reminded_whose_server_reports_all_backwards(
    pair: type[Shopper], member: bool
) -> None:
    """The order comes first, then what came before it, none of it five minutes old."""
    shopper = pair(0, "buys, says the server", member)
    told = stories.day([shopper])
    said = [each for each in told if each.by in pair.SERVERS]
    pages = [(each.t, each) for each in told if each.by not in pair.SERVERS]
    servers = [(said[-1].t + 1_000 * n, each) for n, each in enumerate(reversed(said))]
    lines = log([*pages, *servers], pair.SOURCES)
    assert reminders(lines, stories.of_persons([shopper])) == {}


@PAIR
def test_the_reference_decides_the_same_of_a_day_in_disorder(pair: type[Shopper]) -> None:
    lines = in_disorder(pair, 1, 30 * MINUTE)
    ours = [
        [json.loads(row) for row in each] for each in backtest.decide(lines, checked.recipes(RULES))
    ]
    assert difference(rows(*decide(lines, RULES)), rows(*ours)) == ""
