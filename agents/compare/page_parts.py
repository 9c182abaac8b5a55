"""The parts of a report as an HTML page, which needs no server, no script and no other file."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

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
th:first-child{text-align:left}tbody th{font-weight:400}
.answer{font-size:19px}.soft{color:var(--soft)}
svg{width:100%;height:auto}.side0{fill:var(--c0)}.side1{fill:var(--c1)}
.scrolls svg{min-width:640px}.range0{stroke:var(--c0);stroke-width:3}.range1{stroke:var(--c1);stroke-width:3}
.grid{stroke:var(--edge)}.zero{stroke:var(--soft)}text{fill:var(--ink);font-size:12px}
.tick{text-anchor:middle}.scale,.label{text-anchor:end}
.key{display:inline-block;width:12px;height:12px;border-radius:3px;margin:0 6px 0 14px}
.key0{background:var(--c0)}.key1{background:var(--c1)}
.pair{display:grid;grid-template-columns:1fr 1fr;gap:14px}.pair p{margin:2px 0}
@media(max-width:640px){.pair{grid-template-columns:1fr}}
"""


def document(title: str, body: Iterable[str]) -> str:
    """The whole page. `title` is plain text, the parts of the body are HTML."""
    name = escape(title)
    return "".join(
        (
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width,initial-scale=1">',
            f"<title>{name}</title><style>{STYLE}</style></head><body><main><h1>{name}</h1>",
            *body,
            "</main></body></html>",
        )
    )


def section(title: str, body: str) -> str:
    return f"<section><h2>{title}</h2>{body}</section>"


def listed(lines: Iterable[str]) -> str:
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f"<ul>{items}</ul>" if items else ""


def table(head: Sequence[str], body: Iterable[Sequence[object]]) -> str:
    """A table. The first cell of each row is its header."""
    columns = "".join(f"<th scope=col>{escape(each)}</th>" for each in head)
    lines = "".join(
        f"<tr><th scope=row>{_cell(row[0])}</th>"
        + "".join(f"<td>{_cell(each)}</td>" for each in row[1:])
        + "</tr>"
        for row in body
    )
    return f'<div class="scrolls" tabindex="0"><table><thead><tr>{columns}</tr></thead><tbody>{lines}</tbody></table></div>'


def _cell(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else escape(str(value))


def signed(number: float, digits: int = 0) -> str:
    """A number with its sign, such as +1,200 or \u22123.5."""
    return f"{number:+,.{digits}f}".replace("-", "\u2212")
