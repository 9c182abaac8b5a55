"""The latency of triggers, by the broker's times of their records. Pure.

The latency of a trigger is the broker's time of its record minus its `not_before`: the time since the
signal (exit) or since it was due. The latency of a cancel is the time since the order or the withdrawal.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final, Literal

from agents.console.rolling_counts import Key
from stream.kinds.registry import KINDS
from stream.recipes.recipe import EXIT, Recipes

Sort = Literal["exit", "due", "cancel"]
SORTS: Final[tuple[Sort, ...]] = ("exit", "due", "cancel")

_SERIES: Final = (mantissa * 10**power for power in range(6) for mantissa in (1, 2, 5))
BOUNDS: Final = (*_SERIES, 1_000_000, 3_600_000)
"""Upper bounds of the buckets (ms). The last bucket also counts longer latencies."""


def sort(recipe: str, cancelled: bool, recipes: Recipes) -> Sort:
    if cancelled:
        return "cancel"
    known = recipes.by_name.get(recipe) or KINDS.get(recipe)
    return "exit" if known and known.kind == EXIT else "due"


def key(sort: Sort, latency: int) -> Key:
    """The key in the rolling counts of the bucket of a latency (ms)."""
    bucket = next((n for n, bound in enumerate(BOUNDS) if latency <= bound), len(BOUNDS) - 1)
    return "latency", sort, str(bucket)


def summary(total: Counter[Key], sort: Sort) -> Mapping[str, Any]:
    """{count, p50, p95, p99 (ms, None if count is 0), buckets: one number for each of BOUNDS}."""
    buckets = [total["latency", sort, str(number)] for number in range(len(BOUNDS))]
    return {
        "count": sum(buckets),
        **{
            name: _quantile(buckets, quantile)
            for name, quantile in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
        },
        "buckets": buckets,
    }


def _quantile(buckets: list[int], quantile: float) -> float | None:
    """A quantile (ms), interpolated inside its bucket. None without any count."""
    rank, before = quantile * sum(buckets), 0
    if not rank:
        return None
    for number, count in enumerate(buckets):
        if count and before + count >= rank:
            low = BOUNDS[number - 1] if number else 0
            within: float = (BOUNDS[number] - low) * (rank - before) / count
            return round(low + within, 1)
        before += count
    return None
