"""The input of the matrix of faults."""

from collections import Counter

from tests.faults import keyed_logs, logs
from tests.reference import events


def test_half_of_the_orders_come_from_servers_by_each_sort_of_key() -> None:
    placed, told = Counter[str](), Counter[str]()
    for line in logs.worlds(5, 12):
        _, event = events.read(line)
        if event is not None and event.type == "order.placed":
            server = event.owner.pseudo or event.owner.visitor.startswith("tablet")
            placed["server" if server else "other"] += 1
            told[event.owner.visitor.partition(":")[0]] += 1
    assert 0.45 < placed["server"] / placed.total() < 0.6, placed
    assert {"~cart", "~checkout", "~email", "~phone"} <= told.keys(), told


def test_keys_are_bound_before_and_after_the_order_that_names_them() -> None:
    bound, order = dict[str, int](), Counter[bool]()
    for place, line in enumerate(keyed_logs.log(3, 100)):
        _, event = events.read(line)
        assert event is not None, line
        for key in event.owner.keys:
            if event.type == "order.placed":
                order[key in bound] += 1
            elif not event.owner.pseudo:
                bound.setdefault(key, place)
    assert min(order[True], order[False]) > 10
