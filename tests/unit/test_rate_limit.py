"""Token buckets, by a clock of the test."""

from agents.collector.rate_limit import RateLimiter


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def taken(buckets: RateLimiter, name: str, tries: int) -> int:
    found = 0
    for _ in range(tries):
        if not buckets.wait(name):
            buckets.charge(name, 1)
            found += 1
    return found


def test_a_full_bucket_gives_ten_seconds_of_tokens_and_then_the_rate() -> None:
    clock = Clock()
    buckets = RateLimiter(5, clock=clock)
    assert taken(buckets, "a", 100) == 50
    for _ in range(4):
        clock.now += 1
        assert taken(buckets, "a", 100) == 5


def test_a_bucket_holds_no_more_than_its_full_measure() -> None:
    clock = Clock()
    buckets = RateLimiter(5, clock=clock)
    buckets.charge("a", 1)
    clock.now += 1_000_000
    assert taken(buckets, "a", 1_000) == 50


def test_names_do_not_share() -> None:
    buckets = RateLimiter(1, clock=Clock())
    assert taken(buckets, "a", 100) == taken(buckets, "b", 100) == 10


def test_taking_more_tokens_than_there_are_makes_the_wait_longer() -> None:
    clock = Clock()
    buckets = RateLimiter(10, clock=clock)
    buckets.charge("a", 500)
    assert buckets.wait("a") == 40.1
    clock.now += 40.1
    assert buckets.wait("a") == 0


def test_a_rate_of_nothing_is_no_limit() -> None:
    buckets = RateLimiter(0, clock=Clock())
    assert taken(buckets, "a", 10_000) == 10_000
    assert len(buckets) == 0


def test_the_least_recently_used_name_is_dropped_first() -> None:
    buckets = RateLimiter(1, names=2, clock=Clock())
    for name in ("a", "b", "a", "c"):
        buckets.charge(name, 10)
    assert len(buckets) == 2
    assert buckets.wait("a")
    assert buckets.wait("c")
    assert not buckets.wait("b")


def test_one_token_is_enough_and_a_part_of_one_is_waited_for() -> None:
    clock = Clock()
    buckets = RateLimiter(2, clock=clock)
    buckets.charge("a", 19)
    assert buckets.wait("a") == 0, "exactly one is left"
    buckets.charge("a", 1)
    assert buckets.wait("a") == 0.5
    clock.now += 0.25
    assert buckets.wait("a") == 0.25
    buckets.charge("a", -1)
    assert buckets.wait("a") == 0, "one was given back"
