"""Figures as text: one line per subject, medians over the rounds, minimum and maximum in brackets."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from math import ceil
from statistics import median

from tests.bench.process import Cost


class Rounds:
    """Costs by subject, in order of first appearance."""

    def __init__(self) -> None:
        self.costs: dict[str, list[Cost]] = defaultdict(list)

    def add(self, subject: str, cost: Cost) -> None:
        self.costs[subject].append(cost)
        print(f"  {subject}: {cost.cpu:.2f} µs, {cost.rate:,.0f}/s", flush=True)

    def cpu(self, subject: str) -> float:
        """The median."""
        return median(cost.cpu for cost in self.costs[subject])

    def rate(self, subject: str) -> float:
        """The median."""
        return median(cost.rate for cost in self.costs[subject])

    def show(self, title: str) -> None:
        rows = [
            (
                subject,
                spread([c.cpu for c in costs], ".2f"),
                spread([c.rate for c in costs], ",.0f"),
                f"{median(c.rss for c in costs) / 2**20:,.0f}",
                f"{median(c.events for c in costs):,.0f}",
            )
            for subject, costs in self.costs.items()
        ]
        show(title, ("", "CPU µs/event", "events/s", "RSS MiB", "events measured"), rows)


def spread(values: Sequence[float], form: str) -> str:
    """`5.10 (4.90 … 5.60)`."""
    if len(values) == 1:
        return f"{values[0]:{form}}"
    return f"{median(values):{form}} ({min(values):{form}} … {max(values):{form}})"


def share(values: Sequence[int], part: float) -> int:
    """The quantile: the least value that the share `part` of all values does not exceed."""
    return sorted(values)[ceil(part * len(values)) - 1]


def show(title: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Prints a Markdown table."""
    lines = [tuple(heads), *map(tuple, rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(heads))]
    print(f"\n{title}\n")
    for number, line in enumerate(lines):
        cells = [
            text.ljust(widths[i]) if i == 0 else text.rjust(widths[i])
            for i, text in enumerate(line)
        ]
        print(f"| {' | '.join(cells)} |")
        if number == 0:
            print(
                "|"
                + "|".join("-" * (w + 1) + ("-" if i == 0 else ":") for i, w in enumerate(widths))
                + "|"
            )
    print(flush=True)
