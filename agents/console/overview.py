"""The figures of the page as JSON: connections, counts by recipe and reason, latency, evidence."""

import time
from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

from agents.config.settings import Settings
from agents.console import audience_sizes, latency
from agents.console.left_out import PartsLeftOut
from agents.console.recipe_documents import RecipeDocuments
from agents.console.rolling_counts import SPANS, Key
from agents.console.topic_reader import TopicReader
from agents.view.projection import day
from agents.view.reader import Count, ViewReader
from agents.view.redis_client import ViewLost
from agents.view.writer import Writer
from schemas.files import HOME
from stream.durations import DAY
from stream.kinds.registry import KINDS
from stream.recipes.recipe import EXIT

MONTH: Final = "month"
DAYS: Final = 30
RANGES: Final = (*SPANS, MONTH)

CONTRACT: Final = HOME / "asyncapi.html"
"""The page with the contracts of the topics. `make generate` writes it."""

FRESH_S: Final = 0.5
"""Seconds for which the figures are cached."""


Counted = tuple[list[list[Any]], list[list[Any]], list[Counter[Key]]]
"""(recipe, outcome, reason, number); (begin, fired by recipe, not sent) by bucket; all counters by bucket."""


class Overview:
    """Computes the figures. `writer`, `view`: of the Redis view, None without a Redis."""

    def __init__(
        self,
        settings: Settings,
        documents: RecipeDocuments,
        reader: TopicReader,
        writer: Writer | None,
        view: ViewReader | None,
        left_out: PartsLeftOut,
    ) -> None:
        self._settings = settings
        self._documents = documents
        self._reader = reader
        self._writer = writer
        self._view = view
        self._left_out = left_out
        self._cached: dict[str, tuple[float, dict[str, Any]]] = {}

    async def figures(self, span_name: str) -> dict[str, Any]:
        """The figures over one of RANGES, as JSON."""
        made_at, figures = self._cached.get(span_name, (0.0, {}))
        if not figures or time.monotonic() - made_at > FRESH_S:
            figures = await self._figures(span_name)
            self._cached[span_name] = time.monotonic(), figures
        return figures

    async def _figures(self, span_name: str) -> dict[str, Any]:
        now = self._now()
        counts, series, changes = (
            await self._month(now) if span_name == MONTH else self._recent(span_name, now)
        )
        latency_range = "day" if span_name == MONTH else span_name
        total = self._reader.counts.spans[latency_range].total(now)
        return {
            "now": now,
            "contract": CONTRACT.exists(),
            "prefix": self._settings.prefix,
            "replay": self._settings.time == "record",
            "zone": self._documents.now().policy.zone,
            "over": span_name,
            "since": self._reader.since,
            "kafka": self._kafka(),
            "redis": self._redis(),
            "recipes": [self._recipe(name) for name in self._names(counts, total)],
            "counts": counts,
            "shadow": _rows(total, "shadow"),
            "series": series,
            "audiences": self._audiences([begin for begin, *_ in series], changes),
            "latency": {
                "over": latency_range,
                "bounds": latency.BOUNDS,
                **{sort: latency.summary(total, sort) for sort in latency.SORTS},
            },
            "evidence": self._reader.progress.summary(),
            "rejected": {
                key[1]: number for key, number in total.most_common() if key[0] == "rejected"
            },
            "left_out": self._left_out.rows(),
        }

    def _now(self) -> int:
        """The broker's time (ms) if it is known, else this machine's."""
        return self._reader.progress.now or int(time.time() * 1000)

    def _kafka(self) -> dict[str, Any]:
        tail = self._reader.tail
        return {
            "state": tail.state,
            "fault": tail.fault,
            "for_s": round(time.monotonic() - tail.since),
            "behind": tail.behind,
        }

    def _redis(self) -> dict[str, Any]:
        if self._writer is None:
            return {"state": "none", "fault": "", "behind": None}
        fault = self._writer.link.fault
        return {
            "state": "lost" if fault else "up",
            "fault": fault,
            "behind": self._writer.tail.behind,
        }

    def _audiences(self, begins: list[int], changes: list[Counter[Key]]) -> dict[str, Any]:
        """The audiences in force, then former ones, with their sizes at the end of each bucket."""
        sizes = self._reader.audiences
        names = dict.fromkeys(each.name for each in self._documents.now().audiences.all)
        names |= {name: None for name, size in sizes.sizes.items() if size > 0}
        return {"begins": begins, "whole": sizes.is_whole, "rows": sizes.rows(names, changes)}

    def _recent(self, span_name: str, now: int) -> Counted:
        tally = self._reader.counts.spans[span_name]
        buckets = tally.buckets(now)
        series = [[begin, *_split(_rows(bucket))] for begin, bucket in buckets]
        return _rows(tally.total(now)), series, [bucket for _, bucket in buckets]

    async def _month(self, now: int) -> Counted:
        """The counts of the last DAYS by day, from the view. Empty without a view."""
        try:
            counts = await self._view.counts() if self._view else []
        except ViewLost:
            counts = []
        begins = [now // DAY * DAY - days_back * DAY for days_back in reversed(range(DAYS))]
        by_day: dict[str, list[Count]] = {day(begin): [] for begin in begins}
        changes: dict[str, Counter[Key]] = {each: Counter() for each in by_day}
        total: Counter[Key] = Counter()
        for count in counts:
            if count.day in by_day and count.outcome == audience_sizes.SORT:
                key = audience_sizes.SORT, count.recipe, count.reason
                changes[count.day][key] += count.number
            elif count.day in by_day:
                by_day[count.day].append(count)
                total["decision", count.recipe, count.outcome, count.reason] += count.number
        series = [
            [begin, *_split([list(count[1:]) for count in by_day[day(begin)]])] for begin in begins
        ]
        return _rows(total), series, list(changes.values())

    def _names(self, counts: list[list[Any]], total: Counter[Key]) -> list[str]:
        """The recipes in force, then former ones."""
        rows = [*counts, *_rows(total, "shadow")]
        return list(dict.fromkeys([*self._documents.now().names, *(row[0] for row in rows)]))

    def _recipe(self, name: str) -> dict[str, Any]:
        recipe = self._documents.now().by_name.get(name)
        recipe_or_kind = recipe or KINDS.get(name)
        return {
            "name": name,
            "in_force": recipe is not None,
            "shadow": recipe is not None and recipe.is_shadow,
            "kind": recipe_or_kind.kind if recipe_or_kind else None,
            "steps": recipe_or_kind.steps if recipe_or_kind and recipe_or_kind.kind != EXIT else [],
            "channels": recipe_or_kind.channels if recipe_or_kind else [],
            "version": recipe_or_kind.version if recipe_or_kind else None,
            "last_fired": self._reader.last_fired.get(name),
        }


def _rows(total: Counter[Key], sort: str = "decision") -> list[list[Any]]:
    """(recipe, outcome, reason, number) of decisions. `sort`: "decision" for live recipes, "shadow" for shadow recipes."""
    return [[*key[1:], number] for key, number in sorted(total.items()) if key[0] == sort]


def _split(rows: Iterable[list[Any]]) -> tuple[dict[str, int], int]:
    """Fired steps by recipe, and the number of steps that were refused or ended early."""
    fired: Counter[str] = Counter()
    not_sent = 0
    for recipe, outcome, _, number in rows:
        if outcome == "fired":
            fired[recipe] += number
        elif outcome in ("refused", "closed"):
            not_sent += number
    return dict(fired), not_sent
