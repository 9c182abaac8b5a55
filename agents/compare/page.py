"""The report as one HTML page, without a server, a script or other files."""

from datetime import datetime
from html import escape
from typing import Final

from agents.compare import plots
from agents.compare.differences import Interval
from agents.compare.examples import Example
from agents.compare.page_parts import document, listed, section, signed, table
from agents.compare.report import Report
from stream.episodes import quiet_hours

SORTS: Final = {
    "new": "Sent by “{1}” alone",
    "gone": "Sent by “{0}” alone",
    "moved": "Sent at another time",
    "changed": "Sent with another offer, arm or channel",
}

WORKING: Final = ("cap", "quiet", "lower_priority", "cooldown")
"""Reasons by which one recipe holds back another."""


def page(report: Report) -> str:
    """UTF-8 text of the whole page."""
    first, second = (escape(name) for name in report.names)
    return document(
        f"{report.names[0]} and {report.names[1]} compared",
        (
            f'<p class="soft">{_span(report)}</p>',
            f'<p><span class="key key0"></span>{first}<span class="key key1"></span>{second}</p>',
            section("What it comes to", _answer(report)),
            section("What differs in the recipes", listed(report.changes) or "<p>Nothing.</p>"),
            section("Sent per day", plots.columns(_days(report), report.names, "sent per day")),
            section("By recipe", _recipes(report)),
            *_shadows(report),
            section("Why steps were held back", _reasons(report)),
            section("Caps, quiet hours and priorities at work", _working(report)),
            section("Whom it reaches", _reached(report)),
            section("Examples", _examples(report) or "<p>Both send the same.</p>"),
            section("How sure it is, and what it cannot know", _sure(report)),
        ),
    )


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
        f" ({signed(after - before)}{_share(before, after)}).</p>"
        f'<p class="soft">Cancelled after an order or a withdrawal: {report.cancelled[0]:,} and '
        f"{report.cancelled[1]:,}.</p>"
    )


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
    return table(head, rows)


def _shadows(report: Report) -> list[str]:
    """A section about the recipes in shadow, if there are any."""
    rows = [(each.recipe, each.before, each.after) for each in report.shadows]
    title = "In shadow: what would have been sent, and is not"
    return [section(title, table(("recipe", *report.names), rows))] if rows else []


def _reasons(report: Report) -> str:
    values = [
        (f"{each.recipe}: {each.reason or each.outcome} ({each.outcome})", each.before, each.after)
        for each in report.held
    ]
    return plots.rows(values, report.names, "why steps were held back")


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
    return table(("", "persons"), values)


def _examples(report: Report) -> str:
    parts = []
    for sort, title in SORTS.items():
        chosen = [each for each in report.examples if each.sort == sort]
        if chosen:
            parts.append(f"<h3>{escape(title.format(*report.names))}</h3>")
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
    return f"<p>{_interval(report.sure)}</p>" + listed(report.limits)


def _interval(sure: Interval) -> str:
    text = (
        f"For as many persons like these the difference lies between {signed(sure.low)} and "
        f"{signed(sure.high)} messages (95 %)."
    )
    return text + (" Too few persons differ for that to be relied on." if sure.few else "")
