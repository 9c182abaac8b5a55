"""Intervals, compared with published numbers."""

import random

import pytest

from agents.lift import intervals
from agents.lift.intervals import Sample

NEWCOMBE = (
    ((56, 70, 48, 80), (0.0524, 0.3339)),
    ((9, 10, 3, 10), (0.1705, 0.8090)),
    ((6, 7, 2, 7), (0.0582, 0.8062)),
    ((5, 56, 0, 29), (-0.0381, 0.1926)),
    ((0, 10, 0, 20), (-0.1611, 0.2775)),
    ((0, 10, 0, 10), (-0.2775, 0.2775)),
    ((10, 10, 0, 20), (0.6791, 1.0)),
    ((10, 10, 0, 10), (0.6075, 1.0)),
)
"""Newcombe 1998, table II, method 10: 95 % intervals of his eight contrasts."""

STUDENT = (
    (1, 12.7062), (2, 4.3027), (3, 3.1824), (5, 2.5706), (10, 2.2281), (17.776, 2.1028),
    (30, 2.0423), (60, 2.0003), (120, 1.9799), (1000, 1.9623), (1e9, 1.9600),
)  # fmt: skip
"""t tables at 0.975 (17.776: of R's interval below)."""

SLEEP = (
    (0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0),
    (1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4),
)
"""Student's sleep data, as R carries them: extra hours of two groups of ten."""


def sample(numbers: tuple[float, ...]) -> Sample:
    return Sample(len(numbers), sum(numbers), sum(each * each for each in numbers))


@pytest.mark.parametrize(("counts", "bounds"), NEWCOMBE)
def test_a_difference_of_shares_has_newcombes_interval(
    counts: tuple[int, int, int, int], bounds: tuple[float, float]
) -> None:
    found = intervals.shares(*counts)
    assert (found.low, found.high) == pytest.approx(bounds, abs=5.1e-5)
    assert found.value == counts[0] / counts[1] - counts[2] / counts[3]


def test_a_share_has_wilsons_interval() -> None:
    """Newcombe, Two-sided confidence intervals for the single proportion (1998), table I, method 3."""
    assert intervals.wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5.1e-5)
    assert intervals.wilson(15, 148) == pytest.approx((0.0624, 0.1605), abs=5.1e-5)
    assert intervals.wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5.1e-5)
    assert intervals.wilson(1, 29) == pytest.approx((0.0061, 0.1718), abs=5.1e-5)


@pytest.mark.parametrize(("freedom", "quantile"), STUDENT)
def test_a_quantile_of_t_matches_the_tables(freedom: float, quantile: float) -> None:
    assert intervals.t_quantile(freedom) == pytest.approx(quantile, abs=5.1e-5)


def test_both_ways_to_a_quantile_agree_where_they_meet() -> None:
    below = intervals.t_quantile(intervals.MANY - 1e-6)
    assert below == pytest.approx(intervals.t_quantile(intervals.MANY), abs=1e-10)


def test_an_incomplete_beta_is_a_binomial_tail() -> None:
    """I_x(a, n - a + 1) is the chance of a or more of n; Abramowitz and Stegun, 26.5.24."""
    assert intervals.incomplete_beta(3, 3, 0.5) == pytest.approx(0.5)
    assert intervals.incomplete_beta(2, 3, 0.25) == pytest.approx(1 - 0.75**4 - 4 * 0.25 * 0.75**3)
    assert intervals.incomplete_beta(2, 3, 0) == 0
    assert intervals.incomplete_beta(2, 3, 1) == 1


def test_a_difference_of_means_has_welchs_interval() -> None:
    """R, `t.test(extra ~ group, data = sleep)`: t = -1.8608, df = 17.776, -3.3654832 to 0.2054832."""
    found = intervals.means(*map(sample, SLEEP))
    assert found is not None
    assert found.value == pytest.approx(0.75 - 2.33)
    assert (found.low, found.high) == pytest.approx((-3.3654832, 0.2054832), abs=1e-6)
    assert not found.sure


def test_means_without_any_spread_have_no_interval() -> None:
    same = Sample(200, 200.0, 200.0)
    assert intervals.means(same, same) is None
    assert intervals.means(Sample(1, 5.0, 25.0), Sample(10, 1.0, 1.0)) is None


def test_a_side_without_spread_leaves_the_other_sides_freedom() -> None:
    found = intervals.means(sample(SLEEP[0]), Sample(10, 0.0, 0.0))
    assert found is not None
    spread = intervals.t_quantile(9) * (sample(SLEEP[0]).variance / 10) ** 0.5
    assert found.value == 0.75
    assert (found.low, found.high) == pytest.approx((0.75 - spread, 0.75 + spread))


def test_an_interval_holds_the_truth_in_95_of_100_samples() -> None:
    """Shares of 5 % and 3 %, and order values, in 1,000 seeded samples of 400 and 150 persons."""
    chance = random.Random(5)
    held = [0, 0]
    for _ in range(1_000):
        counts, spent = [], []
        for persons, share in ((400, 0.05), (150, 0.03)):
            orders = sum(chance.random() < share for _ in range(persons))
            counts += [orders, persons]
            spent.append(sample(tuple(chance.gauss(10 * share, 3) for _ in range(persons))))
        found = intervals.shares(*counts)
        held[0] += found.low <= 0.05 - 0.03 <= found.high
        of_means = intervals.means(*spent)
        assert of_means is not None
        held[1] += of_means.low <= 0.2 <= of_means.high
    assert held[0] / 1_000 == pytest.approx(0.95, abs=0.02)
    assert held[1] / 1_000 == pytest.approx(0.95, abs=0.02)
