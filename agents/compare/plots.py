"""Plots in SVG for the page: two bars for each row or day, one for each side; and intervals around 0."""

from collections.abc import Sequence
from html import escape
from typing import Final

WIDTH: Final = 920
HEIGHT: Final = 240
LEFT: Final = 56
BELOW: Final = 28
ROW: Final = 34
LABEL: Final = 330


def columns(days: Sequence[tuple[str, int, int]], names: tuple[str, str], about: str) -> str:
    """Columns over time: a pair for each (label, first, second)."""
    if not days:
        return "<p>Nothing was sent.</p>"
    top = max(max(one, other) for _, one, other in days) or 1
    room = (WIDTH - LEFT) / len(days)
    bar = min(max(room * 0.4, 1.0), 28.0)
    high = HEIGHT - BELOW - 12
    parts = [_axis(top, high)]
    every = max(1, -(-len(days) // 8))
    for place, (label, one, other) in enumerate(days):
        middle = LEFT + room * (place + 0.5)
        for side, value in enumerate((one, other)):
            tall = high * value / top
            x = middle - bar if side == 0 else middle
            parts.append(
                f'<rect class="side{side}" x="{x:.1f}" y="{12 + high - tall:.1f}" width="{bar:.1f}" '
                f'height="{tall:.1f}"><title>{escape(label)}, {escape(names[side])}: {value:,}</title></rect>'
            )
        if place % every == 0:
            parts.append(
                f'<text x="{middle:.1f}" y="{HEIGHT - 8}" class="tick">{escape(label)}</text>'
            )
    return _svg(WIDTH, HEIGHT, parts, about)


def _axis(top: int, high: float) -> str:
    lines = []
    for share in (0.0, 0.5, 1.0):
        y = 12 + high * (1 - share)
        lines.append(
            f'<line x1="{LEFT}" x2="{WIDTH}" y1="{y:.1f}" y2="{y:.1f}" class="grid"/>'
            f'<text x="{LEFT - 6}" y="{y + 4:.1f}" class="scale">{round(top * share):,}</text>'
        )
    return "".join(lines)


def rows(values: Sequence[tuple[str, int, int]], names: tuple[str, str], about: str) -> str:
    """A pair of bars for each (label, first, second), with the numbers at their ends."""
    if not values:
        return "<p>None.</p>"
    top = max(max(one, other) for _, one, other in values) or 1
    room = WIDTH - LABEL - 80
    parts = []
    for place, (label, one, other) in enumerate(values):
        y = place * ROW + 4
        parts.append(f'<text x="{LABEL - 10}" y="{y + 18}" class="label">{escape(label)}</text>')
        for side, value in enumerate((one, other)):
            long = room * value / top
            parts.append(
                f'<rect class="side{side}" x="{LABEL}" y="{y + side * 13}" width="{long:.1f}" height="11">'
                f"<title>{escape(label)}, {escape(names[side])}: {value:,}</title></rect>"
                f'<text x="{LABEL + long + 6:.1f}" y="{y + side * 13 + 10}" class="number">{value:,}</text>'
            )
    return _svg(WIDTH, len(values) * ROW + 8, parts, about)


def ranges(values: Sequence[tuple[str, float, float, float]], digits: int, about: str) -> str:
    """A dot with its interval for each (label, value, low, high), and a line at 0."""
    low = min(0.0, *(each[2] for each in values))
    high = max(0.0, *(each[3] for each in values))
    room, wide = WIDTH - LABEL - 80, (high - low) or 1.0

    def x(value: float) -> float:
        return LABEL + room * (value - low) / wide

    tall = len(values) * ROW + 8
    parts = [f'<line x1="{x(0):.1f}" x2="{x(0):.1f}" y1="0" y2="{tall}" class="zero"/>']
    for place, (label, value, below, above) in enumerate(values):
        y = place * ROW + 18
        words = f"{label}: {value:,.{digits}f}, between {below:,.{digits}f} and {above:,.{digits}f}"
        side = 0 if below <= 0 <= above else 1
        parts.append(
            f'<text x="{LABEL - 10}" y="{y + 4}" class="label">{escape(label)}</text><g><title>{escape(words)}</title>'
            f'<line x1="{x(below):.1f}" x2="{x(above):.1f}" y1="{y}" y2="{y}" class="range{side}"/>'
            f'<circle cx="{x(value):.1f}" cy="{y}" r="5" class="side{side}"/></g>'
            f'<text x="{x(above) + 8:.1f}" y="{y + 4}" class="number">{value:+,.{digits}f}</text>'
        )
    parts.append(f'<text x="{x(0):.1f}" y="{tall + 14}" class="tick">0</text>')
    return _svg(WIDTH, tall + 20, parts, about)


def _svg(width: int, height: int, parts: Sequence[str], about: str) -> str:
    """The plot in a box, which scrolls if the page is too narrow for the plot."""
    name = escape(about)
    return (
        f'<div class="scrolls" tabindex="0" role="region" aria-label="{name}">'
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{name}">'
        + "".join(parts)
        + "</svg></div>"
    )
