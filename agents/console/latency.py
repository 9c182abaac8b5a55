"""How long triggers took, from the broker's times of their records. Pure.

A trigger's record has the broker's time; less its `not_before`, that is the time from the signal (exit)
or from when it was due. For a cancel it is the time since the order or the withdrawal.
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
"""ms: upper bounds of the buckets; what took longer is in the last one."""


def sort(recipe: str, cancelled: bool, recipes: Recipes) -> Sort:
    if cancelled:
        return "cancel"
    known = recipes.by_name.get(recipe) or KINDS.get(recipe)
    return "exit" if known and known.kind == EXIT else "due"


def key(sort: Sort, taken: int) -> Key:
    """Where a time (ms) is counted."""
    bucket = next((n for n, bound in enumerate(BOUNDS) if taken <= bound), len(BOUNDS) - 1)
    return "latency", sort, str(bucket)


def summary(total: Counter[Key], sort: Sort) -> Mapping[str, Any]:
    """{count, p50, p95, p99 (ms, None without any), buckets: a number for each of BOUNDS}."""
    buckets = [total["latency", sort, str(number)] for number in range(len(BOUNDS))]
    return {
        "count": sum(buckets),
        **{name: _quantile(buckets, q) for name, q in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))},
        "buckets": buckets,
    }


def _quantile(buckets: list[int], q: float) -> float | None:
    """Interpolated inside its bucket, so it is as exact as the bucket is narrow."""
    rank, before = q * sum(buckets), 0
    if not rank:
        return None
    for number, count in enumerate(buckets):
        if count and before + count >= rank:
            low = BOUNDS[number - 1] if number else 0
            between: float = (BOUNDS[number] - low) * (rank - before) / count
            return round(low + between, 1)
        before += count
    return None
