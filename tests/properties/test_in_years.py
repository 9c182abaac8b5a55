"""Logs of years decide the same with any batches and crashes, also during long waits."""

import json
import random
from itertools import pairwise

from hypothesis import example, given, settings
from hypothesis import strategies as st

from stream.recipes.history import History
from stream.stages.people import People
from stream.store import packing
from tests import checked, effort
from tests.properties.service import Service
from tests.properties.test_in_time import decided
from tests.reference import generate_years
from tests.reference.times import DAY

SEEDS = st.integers(0, 100_000)
FEW = st.none() | st.integers(1, 5)
SIZE = 60


def made(seed: int) -> tuple[History, list[bytes]]:
    """A log with extra moments in its pauses, so that a crash can happen there."""
    pick, found, reached = random.Random(f"pauses {seed}"), list[bytes](), 0
    for line in generate_years.log(seed, SIZE):
        t = json.loads(line)["t"]
        pauses = pick.choice((0, 1, 3)) if reached and t - reached > DAY else 0
        for at in sorted(pick.randrange(reached, t) for _ in range(pauses)):
            found.append(json.dumps({"t": at, "type": "clock.advanced"}).encode())
        found.append(line)
        reached = t
    return checked.history(generate_years.recipes(seed)), found


@settings(max_examples=effort.of(40), deadline=None)
@given(SEEDS, st.lists(st.integers(1, 30), min_size=1), FEW)
def test_batches_of_any_sizes_decide_the_same(seed: int, sizes: list[int], few: int | None) -> None:
    rules, lines = made(seed)
    service = Service(rules, lines, few)
    for size in sizes:
        service.take(size)
        service.flush()
    service.finish()
    assert (service.triggers, service.decisions, service.others) == decided(rules, lines)


@settings(max_examples=effort.of(120), deadline=None)
@given(SEEDS, SEEDS, st.integers(1, 15), FEW)
def test_crashes_in_the_middle_of_waits_decide_the_same(
    seed: int, luck: int, most: int, few: int | None
) -> None:
    rules, lines = made(seed)
    service, chance = Service(rules, lines, few), random.Random(luck)
    for _ in range(most):
        for _ in range(chance.randrange(6)):
            service.take(chance.randrange(1, 12))
            if chance.random() < 0.7:
                service.flush()
        service.crash(chance)
    service.finish()
    assert (service.triggers, service.decisions, service.others) == decided(rules, lines)


@settings(max_examples=effort.of(60), deadline=None)
@given(SEEDS, st.floats(0, 1))
@example(5211, 0.5)  # an episode that waits for a delivery until after its person is forgotten
def test_a_new_owner_counts_members_and_open_episodes(seed: int, share: float) -> None:
    rules, lines = made(seed)
    service = Service(rules, lines)
    service.take(round(share * len(lines)))
    service.flush()
    taken = People(rules, 1, 1)
    taken.restore(service.changelogs[2])
    taken.restored()
    before = service.people
    assert +taken.members == +before.members
    assert taken.open_episodes == sum(
        count for key, count in before._open.items() if _shows_that_it_waits(before, key)
    )


def _shows_that_it_waits(people: People, key: str) -> bool:
    """Whether a restore sees in the bytes of a person that it has open episodes: by a head, else by a deadline, which a
    person who is active has not (docs/metrics.md)."""
    person = people.state(key)
    assert person is not None
    return packing.head(packing.encode(person), 0) is not None or not person.is_active


def test_the_logs_have_crashes_in_waits_of_months() -> None:
    gaps = 0
    for seed in range(20):
        _, lines = made(seed)
        times = [json.loads(line)["t"] for line in lines]
        gaps += sum(after - before > 20 * DAY for before, after in pairwise(times))
    assert gaps > 20
