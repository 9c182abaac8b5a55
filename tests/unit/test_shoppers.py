"""The simulated shop: traffic that the contract accepts, in order, the same for the same seed."""

from collections import Counter
from functools import cache
from itertools import pairwise
from pathlib import Path
from statistics import mean
from typing import Any

import msgspec
import pytest
from msgspec import UNSET

import schemas
from agents.simulator import traffic as shoppers
from agents.simulator.faults import NONE, Faults, Record
from stream import backtest, recipes_file
from stream.events import decoding
from stream.events.types import Event

START = 1_767_571_200_000
DAY = 86_400_000
HOME = Path(__file__).parents[2]


@cache
def traffic(
    faults: Faults | None = None, seed: int = 1, visitors: int = 400, length: int = DAY
) -> list[tuple[int, Record]]:
    return list(shoppers.day(seed, visitors, START, length, faults))


def events(**options: Any) -> list[dict[str, Any]]:
    return [event for _, event in traffic(NONE, **options) if isinstance(event, dict)]


def test_every_event_of_an_unspoiled_day_is_valid() -> None:
    assert [event for event in events() if schemas.fault(event)] == []


def test_time_never_goes_back_and_stays_inside_the_day() -> None:
    times = [t for t, _ in traffic(NONE)]
    assert all(before <= after for before, after in pairwise(times))
    assert times[0] >= START
    assert times[-1] < START + DAY


def test_time_never_goes_back_with_duplicates_among_the_events() -> None:
    assert all(
        before <= after for (before, _), (after, _) in pairwise(traffic(Faults(duplicates=0.5)))
    )


def test_the_same_seed_gives_the_same_traffic() -> None:
    assert traffic(seed=5) == traffic.__wrapped__(seed=5)


def test_another_seed_gives_other_people() -> None:
    people = [
        {event["visitor"] for event in events(seed=seed) if "visitor" in event} for seed in (5, 6)
    ]
    assert not people[0] & people[1]


def test_ids_of_events_are_unique_without_duplicates() -> None:
    assert max(Counter(event["id"] for event in events()).values()) == 1


def test_all_kinds_of_events_come_but_an_erasure() -> None:
    kinds = {f"events/{event['type']}" for event in events(visitors=2000)}
    assert kinds == set(schemas.names("events")) - {"events/person.erased"}


def test_an_event_has_the_size_of_real_ones() -> None:
    assert 300 <= mean(len(msgspec.json.encode(event)) for event in events()) <= 550


def test_a_customer_comes_on_two_devices() -> None:
    devices: dict[str, set[str]] = {}
    for event in events():
        if event.get("customer"):
            devices.setdefault(event["customer"], set()).add(event["visitor"])
    assert sum(len(known) == 2 for known in devices.values()) >= 5


def test_some_orders_come_from_a_server_that_has_no_browser_clock() -> None:
    orders = [event for event in events() if event["type"] == "order.placed"]
    assert 0.1 < mean("client_time" not in order for order in orders) < 0.6


def of_type(kind: str, **more: Any) -> list[dict[str, Any]]:
    return [event for event in events(**more) if event["type"] == kind]


def test_some_orders_name_only_a_cart_or_an_address_that_a_browser_sent_before() -> None:
    """Such an order can end a person's reminders, because a page sends its key, too."""
    seen: set[tuple[str, str]] = set()
    alone = []
    for event in events(visitors=800):
        keys = dict(event.get("keys", {}))
        if event["type"] == "cart.updated":
            keys["cart"] = event["cart"]["id"]
        if "visitor" in event:
            seen |= keys.items()
        else:
            assert seen.issuperset(keys.items())
            alone.append(next(iter(keys)))
    assert Counter(alone)["cart"] >= 5
    assert Counter(alone)["email"] >= 3


def test_guests_are_known_by_their_mail_and_some_by_their_phone() -> None:
    given = [event["keys"] for event in of_type("checkout.advanced") if "keys" in event]
    assert len(given) >= 10
    assert 0.1 < mean("phone" in keys for keys in given) < 0.5
    assert all("email" in keys for keys in given)


def test_some_log_out_and_are_anonymous_afterwards() -> None:
    gone = {
        event["visitor"]: event
        for event in of_type("visitor.identified")
        if event["customer"] is None
    }
    assert len(gone) >= 3


def test_some_payments_fail_after_the_order() -> None:
    orders = {event["order"]["id"] for event in of_type("order.placed", visitors=2000)}
    failed = [event for event in of_type("payment.failed", visitors=2000) if "order" in event]
    assert len(failed) >= 3
    assert {event["order"]["id"] for event in failed} <= orders


def test_a_shop_with_cart_versions_counts_them_up() -> None:
    versions: dict[str, list[int]] = {}
    for event in events():
        if event["type"] == "cart.updated":
            versions.setdefault(event["cart"]["id"], []).append(event["cart"]["version"])
    assert versions
    assert all(given == list(range(1, len(given) + 1)) for given in versions.values())


def test_a_whole_day_is_busier_in_the_evening_than_at_night() -> None:
    hours = Counter((t - START) // 3_600_000 for t, _ in traffic())
    assert hours[20] > 3 * hours[3]


def test_a_short_window_has_all_its_shoppers() -> None:
    assert len(list(shoppers.arrivals(1, 50, START + 90_000, 7_000))) == 50


@pytest.mark.parametrize("fault", ["duplicates", "late", "unknown", "rubbish", "parts"])
def test_a_fault_has_the_requested_frequency(fault: str) -> None:
    clean = len(events())
    assert 0.08 * clean < found(fault, traffic(Faults.parse(f"{fault}=0.1"))) < 0.12 * clean


@pytest.mark.parametrize("fault", ["duplicates", "late", "unknown", "rubbish", "parts"])
def test_a_fault_that_is_not_requested_does_not_occur(fault: str) -> None:
    assert found(fault, traffic(NONE)) == 0


def found(fault: str, records: list[tuple[int, Record]]) -> int:
    """How many of the records have the fault."""
    good = [(t, event) for t, record in records if (event := read(record))]
    if fault == "rubbish":
        return len(records) - len(good)
    if fault == "late":
        return sum(
            event.client_time is not UNSET and event.client_time < t - 300_000 for t, event in good
        )
    if fault == "unknown":
        return sum(type(event) is Event for _, event in good)
    if fault == "parts":
        return sum(bool(event.faults) for _, event in good)
    return len(good) - len({event.id for _, event in good})


def read(record: Record) -> Event | None:
    try:
        return decoding.parse(record if isinstance(record, bytes) else msgspec.json.encode(record))
    except decoding.Rejected:
        return None


@pytest.mark.parametrize("text", ["speed=1", "late", "late=much", "late=1.5", "late=nan"])
def test_unknown_faults_are_refused_with_the_known_ones(text: str) -> None:
    with pytest.raises(ValueError, match=r"share from 0 to 1|one of dup"):
        Faults.parse(text)


def test_an_hour_of_a_full_shop_has_enough_events_at_the_rate_asked_for() -> None:
    assert len(list(shoppers.hour(1, rate=20, seconds=30))) > 20 * 30


def test_visits_sent_at_that_rate_take_about_as_long_as_real_ones() -> None:
    window = shoppers.WARM_UP + 60_000
    come = int(20 / shoppers.EVENTS_EACH * window / 1000)
    times = [t for t, _ in shoppers.day(1, come, 0, window, NONE)]
    assert 0.7 < sum(t >= shoppers.WARM_UP for t in times) / (20 * 60) < 1.4


@cache
def lives(seed: int = 1, customers: int = 60) -> list[tuple[int, dict[str, Any]]]:
    found = shoppers.years(seed, customers, START, 2 * 365 * DAY)
    return [(t, event) for t, event in found if isinstance(event, dict)]


def test_lives_over_years_are_valid_in_order_and_the_same_for_a_seed() -> None:
    seen = lives()
    assert [event for _, event in seen if schemas.fault(event)] == []
    assert all(before <= after for (before, _), (after, _) in pairwise(seen))
    assert seen[-1][0] - seen[0][0] > 500 * DAY
    assert seen == lives.__wrapped__()
    assert seen != lives(seed=2)


def test_customers_buy_again_in_a_rhythm_drift_away_and_some_come_back() -> None:
    orders: dict[str, list[int]] = {}
    for t, event in lives():
        if event["type"] == "order.placed":
            orders.setdefault(event["customer"], []).append(t)
    gaps = [after - before for times in orders.values() for before, after in pairwise(times)]
    assert sum(15 * DAY < gap < 80 * DAY for gap in gaps) > 0.7 * len(gaps)
    assert sum(gap > 70 * DAY for gap in gaps) >= 5, "some drift away and come back"
    end = START + 2 * 365 * DAY
    assert sum(end - times[-1] > 120 * DAY for times in orders.values()) >= 5, "others stay away"


def test_every_kind_that_follows_a_life_has_something_to_do_in_a_few_lives() -> None:
    recipes = recipes_file.load((HOME / "deploy" / "recipes.yaml").read_text())
    seen = [msgspec.json.encode({"t": t, **event}) for t, event in lives()]
    fired: Counter[str] = Counter()
    entered: set[str] = set()
    for out in backtest.run(seen, recipes):
        fired.update(name for name, _, value in out.triggers if b"fired.v1" in value)
        entered |= {name for name, _, _, is_in, _ in out.audiences if is_in}
    kinds = {recipes.by_name[name].kind for name in fired}
    assert kinds >= {"welcome", "post-purchase", "replenishment", "audience", "welcome-popup"}
    assert entered >= {"leads", "first-time", "recent", "loyal", "lapsed", "at-risk-regulars"}
