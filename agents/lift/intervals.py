"""The difference of two shares, and of two means, each with its 95 % interval. Arithmetic only.

Shares: R. G. Newcombe, Interval estimation for the difference between independent proportions: comparison of
eleven methods, Statistics in Medicine 17 (1998), 873-890, method 10 (hybrid score, no continuity correction).
Means: B. L. Welch, The generalization of "Student's" problem when several different population variances are
involved, Biometrika 34 (1947), 28-35, with the degrees of freedom of Satterthwaite.
Quantiles of Student's t: the regularized incomplete beta function by Lentz's continued fraction (W. H. Press et
al., Numerical Recipes, 3rd edition, 6.4), inverted by bisection; for many degrees of freedom the expansion of
M. Abramowitz and I. A. Stegun, Handbook of Mathematical Functions, 26.7.5.
"""

from math import exp, lgamma, log, log1p, sqrt
from statistics import NormalDist
from typing import Final

from msgspec import Struct

UPPER: Final = 0.975
"""The probability below the upper bound of a 95 % interval."""

Z: Final = NormalDist().inv_cdf(UPPER)

MANY: Final = 1_000.0
"""Degrees of freedom from which on the expansion is used: its error is below 1e-14 there."""

TINY: Final = 1e-300
EXACT: Final = 1e-15


class Difference(Struct, frozen=True):
    """A difference with the bounds of its 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def sure(self) -> bool:
        """Whether the interval excludes 0, so that chance alone hardly explains the difference."""
        return self.low > 0 or self.high < 0


class Sample(Struct, frozen=True):
    """A sample, as its size, its sum and the sum of its squares."""

    count: int
    total: float
    squares: float

    @property
    def mean(self) -> float:
        return self.total / self.count

    @property
    def variance(self) -> float:
        """The unbiased variance (n - 1), never below 0. Needs a `count` of 2 or more."""
        return max(self.squares - self.total * self.mean, 0.0) / (self.count - 1)


def wilson(part: int, count: int) -> tuple[float, float]:
    """Wilson's bounds of the share `part` of `count`, which is 1 or more."""
    share, square = part / count, Z * Z
    middle = 2 * count * share + square
    spread = Z * sqrt(square + 4 * count * share * (1 - share))
    below, above = middle - spread, middle + spread
    return max(0.0, below / (2 * (count + square))), min(1.0, above / (2 * (count + square)))


def shares(part: int, count: int, other_part: int, other_count: int) -> Difference:
    """The first share minus the second. Both counts are 1 or more."""
    one, other = part / count, other_part / other_count
    low, high = wilson(part, count)
    other_low, other_high = wilson(other_part, other_count)
    below = sqrt((one - low) ** 2 + (other_high - other) ** 2)
    above = sqrt((high - one) ** 2 + (other - other_low) ** 2)
    return Difference(one - other, one - other - below, one - other + above)


def means(one: Sample, other: Sample) -> Difference | None:
    """The first mean minus the second. None if a sample has fewer than 2 numbers, or neither varies."""
    if one.count < 2 or other.count < 2:
        return None
    first, second = one.variance / one.count, other.variance / other.count
    if first + second == 0:
        return None
    freedom = (first + second) ** 2 / (first**2 / (one.count - 1) + second**2 / (other.count - 1))
    spread = t_quantile(freedom) * sqrt(first + second)
    value = one.mean - other.mean
    return Difference(value, value - spread, value + spread)


def t_quantile(freedom: float) -> float:
    """The quantile of Student's t at UPPER. `freedom`: degrees of freedom, 1 or more."""
    if freedom >= MANY:
        return _expanded(freedom)
    low, high = 0.0, 13.0  # with 1 degree it is 12.7, and it falls
    while high - low > 1e-12:
        middle = (low + high) / 2
        if t_below(middle, freedom) < UPPER:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def t_below(t: float, freedom: float) -> float:
    """The probability that Student's t is below `t`, which is 0 or more."""
    return 1 - incomplete_beta(freedom / 2, 0.5, freedom / (freedom + t * t)) / 2


def _expanded(freedom: float) -> float:
    """The quantile for many degrees of freedom, by the expansion."""
    z = Z
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / freedom**power for power, term in enumerate(terms, 1))


def incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularized incomplete beta function I_x(a, b), from 0 to 1. `x`: from 0 to 1."""
    if x <= 0 or x >= 1:
        return min(max(x, 0.0), 1.0)
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x))
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(a, b, x) / a
    return 1 - front * _fraction(b, a, 1 - x) / b


def _fraction(a: float, b: float, x: float) -> float:
    """The continued fraction of I_x(a, b), by Lentz's method."""
    upper, lower = 1.0, 1 / _off_zero(1 - (a + b) * x / (a + 1))
    value = lower
    for m in range(1, 10_000):
        for factor in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            lower = 1 / _off_zero(1 + factor * lower)
            upper = _off_zero(1 + factor / upper)
            value *= lower * upper
        if abs(lower * upper - 1) < EXACT:
            break
    return value


def _off_zero(value: float) -> float:
    return value if abs(value) > TINY else TINY
