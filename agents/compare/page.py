"""The report as one HTML page: no server, no script, nothing from elsewhere."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape
from typing import Final

from agents.compare import plots
from agents.compare.differences import Interval
from agents.compare.examples import Example
from agents.compare.report import Report
from stream.episodes import quiet_hours

STYLE: Final = """
:root{color-scheme:light dark;--page:light-dark(#f5f6f9,#0d1016);--card:light-dark(#fff,#151a22);
--ink:light-dark(#151a22,#e7ecf3);--soft:light-dark(#57616e,#9ca7b5);--edge:light-dark(#e2e6ec,#262d38);
--c0:light-dark(#57616e,#9ca7b5);--c1:light-dark(#3651d4,#93a8ff)}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
main{max-width:980px;margin:0 auto;padding:24px 16px}
section{background:var(--card);border:1px solid var(--edge);border-radius:12px;padding:14px 18px;margin:14px 0}
h1{font-size:24px}h2{font-size:17px;margin:0 0 8px}h3{font-size:15px;margin:14px 0 4px}
.scrolls{overflow-x:auto}table{border-collapse:collapse;width:100%}
th,td{padding:5px 12px 5px 0;text-align:right;border-top:1px solid var(--edge);font-variant-numeric:tabular-nums}
th:first-child,td:first-child{text-align:left}
.answer{font-size:19px}.soft{color:var(--soft)}
svg{width:100%;height:auto}.side0{fill:var(--c0)}.side1{fill:var(--c1)}
.grid{stroke:var(--edge)}text{fill:var(--ink);font-size:12px}
.tick{text-anchor:middle}.scale,.label{text-anchor:end}
.key{display:inline-block;width:12px;height:12px;border-radius:3px;margin:0 6px 0 14px}
.key0{background:var(--c0)}.key1{background:var(--c1)}
.pair{display:grid;grid-template-columns:1fr 1fr;gap:14px}.pair p{margin:2px 0}
@media(max-width:640px){.pair{grid-template-columns:1fr}}
"""

SORTS: Final = {
    "new": "Sent by the second alone",
    "gone": "Sent by the first alone",
    "moved": "Sent at another time",
    "changed": "Sent with another offer, arm or channel",
}

WORKING: Final = ("cap", "quiet", "lower_priority", "cooldown")
"""Reasons by which recipes stand in each other's way."""


def page(report: Report) -> str:
    """UTF-8 text of the whole page."""
    first, second = (escape(name) for name in report.names)
    return "".join(
        (
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width,initial-scale=1">',
            f"<title>{first} and {second} compared</title><style>{STYLE}</style></head><body><main>",
            f"<h1>{first} and {second} compared</h1>",
            f'<p class="soft">{_span(report)}</p>',
            f'<p><span class="key key0"></span>{first}<span class="key key1"></span>{second}</p>',
            _section("What it comes to", _answer(report)),
            _section("What differs in the recipes", _list(report.changes) or "<p>Nothing.</p>"),
            _section("Sent per day", plots.columns(_days(report), report.names, "sent per day")),
            _section("By recipe", _recipes(report)),
            _section("Why something was not sent", _reasons(report)),
            _section("Caps, quiet hours and priorities at work", _working(report)),
            _section("Whom it reaches", _reached(report)),
            _section("Examples", _examples(report) or "<p>Both send the same.</p>"),
            _section("How sure it is, and what it cannot know", _sure(report)),
            "</main></body></html>",
        )
    )


def _section(title: str, body: str) -> str:
    return f"<section><h2>{title}</h2>{body}</section>"


def _list(lines: Iterable[str]) -> str:
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f"<ul>{items}</ul>" if items else ""


def _table(head: Sequence[str], body: Iterable[Sequence[object]]) -> str:
    columns = "".join(f"<th scope=col>{escape(each)}</th>" for each in head)
    lines = "".join(
        "<tr>" + "".join(f"<td>{_cell(each)}</td>" for each in row) + "</tr>" for row in body
    )
    return f'<div class="scrolls"><table><thead><tr>{columns}</tr></thead><tbody>{lines}</tbody></table></div>'


def _cell(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else escape(str(value))


def _span(report: Report) -> str:
    if report.starts is None or report.ends is None:
        return f"{report.events:,} lines without a time"
    zone = quiet_hours.zone(report.zone) or quiet_hours.zone("UTC")
    days = (datetime.fromtimestamp(at / 1000, zone) for at in (report.starts, report.ends))
    starts, ends = (day.strftime("%d %b %Y %H:%M") for day in days)
    return f"{report.events:,} events from {starts} to {ends}, times in {escape(report.zone)}"


def _answer(report: Report) -> str:
    before, after = report.sent
    return (
        f'<p class="answer"><strong>{before:,}</strong> messages become <strong>{after:,}</strong>'
        f" ({_signed(after - before)}{_share(before, after)}).</p>"
        f'<p class="soft">Taken back after an order or a withdrawal: {report.cancelled[0]:,} and '
        f"{report.cancelled[1]:,}.</p>"
    )


def _signed(number: float) -> str:
    return f"{number:+,.0f}".replace("-", "\u2212")


def _share(before: int, after: int) -> str:
    return f", {(after - before) / before:+.1%}".replace("-", "\u2212") if before else ""


def _days(report: Report) -> list[tuple[str, int, int]]:
    return [(day.day[5:], day.before, day.after) for day in report.days]


def _recipes(report: Report) -> str:
    head = ("recipe", *report.names, "same", "other time", "other offer", "new", "gone")
    rows = [
        (each.recipe, each.before, each.after, each.same, each.moved, each.changed, each.new, each.gone)
        for each in report.recipes
    ]  # fmt: skip
    return _table(head, rows)


def _reasons(report: Report) -> str:
    values = [
        (f"{each.recipe}: {each.reason or each.outcome} ({each.outcome})", each.before, each.after)
        for each in report.held
    ]
    return plots.rows(values, report.names, "why something was not sent")


def _working(report: Report) -> str:
    found = {reason: [0, 0] for reason in WORKING}
    for each in report.held:
        if each.reason in found:
            found[each.reason][0] += each.before
            found[each.reason][1] += each.after
    values = [(reason, one, other) for reason, (one, other) in found.items()]
    return plots.rows(values, report.names, "caps, quiet hours and priorities at work")


def _reached(report: Report) -> str:
    both, first, second = report.overlap
    values = (
        ("persons who get something from both", both),
        (f"from {report.names[0]} alone", first),
        (f"from {report.names[1]} alone", second),
        ("persons of whom anything was decided", report.persons),
    )
    return _table(("", "persons"), values)


def _examples(report: Report) -> str:
    parts = []
    for sort, title in SORTS.items():
        chosen = [each for each in report.examples if each.sort == sort]
        if chosen:
            parts.append(f"<h3>{title}</h3>")
            parts += [_example(each, report.names) for each in chosen]
    return "".join(parts)


def _example(example: Example, names: tuple[str, str]) -> str:
    sides = "".join(
        f"<div><strong>{escape(name)}</strong>"
        + "".join(f"<p>{escape(line)}</p>" for line in lines)
        + "</div>"
        for name, lines in zip(names, (example.before, example.after), strict=True)
    )
    head = f"{escape(example.person)}, {escape(example.recipe)} <code>{example.trigger_id}</code>"
    return f'<p class="soft">{head}</p><div class="pair">{sides}</div>'


def _sure(report: Report) -> str:
    return f"<p>{_interval(report.sure)}</p>" + _list(report.limits)


def _interval(sure: Interval) -> str:
    text = (
        f"For as many persons like these the difference lies between {_signed(sure.low)} and "
        f"{_signed(sure.high)} messages (95 %)."
    )
    return text + (" Too few persons differ for that to be relied on." if sure.few else "")
