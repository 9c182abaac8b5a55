"""Generates the table in docs/architecture.md of the reasons that close an episode early.

`python -m agents.generate.closing_table` writes it between two comments of the page.
"""

from pathlib import Path
from typing import Final

from stream.episodes.closing import WAYS

PAGE: Final = Path("docs/architecture.md")
BEGIN: Final = "<!-- closings: made by `make generate` from stream/episodes/closing.py -->\n"
END: Final = "<!-- end of closings -->\n"


def table() -> str:
    """A row for each reason of a closed episode."""
    rows = [f"| `{reason}` | {when} |\n" for reason, when in WAYS.items()]
    return "".join(["| reason | the episode closes when |\n", "|---|---|\n", *rows])


def text(root: Path = Path()) -> str:
    """The page with a new table. `root`: the project's folder. Raises ValueError if one of the comments is missing."""
    page = (root / PAGE).read_text(encoding="utf-8")
    begin, end = page.index(BEGIN) + len(BEGIN), page.index(END)
    return page[:begin] + table() + page[end:]


if __name__ == "__main__":
    PAGE.write_text(text(), encoding="utf-8")
