"""Every command on a page of the documentation exists, and takes the arguments that it is given there."""

import re
import shlex
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from agents.__main__ import COMMANDS, parser_of
from agents.simulator import traffic
from agents.simulator.faults import Faults

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *(each for each in sorted(DOCS.rglob("*.md")) if not each.name.startswith("semantics")),
]
PROGRAM = re.compile(r"(?:storefront-triggers|python -m agents) +([a-z].*)")
SPAN = re.compile(r"`((?:storefront-triggers|python -m agents) +[^`]+)`")
FENCE = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)
ENDS = frozenset({"&", "|", ";", ">", "<", "&&", "||", "--", "──", "2>"})
"""Words after which the shell, or another program, reads on."""


def written(page: Path) -> Iterator[str]:
    """What stands behind the program's name, in blocks and in spans of code."""
    text = page.read_text(encoding="utf-8")
    for block in FENCE.findall(text):
        for line in block.splitlines():
            if found := PROGRAM.match(line.strip().lstrip("─ ")):
                yield found[1]
    for span in SPAN.findall(FENCE.sub("", text)):
        found = PROGRAM.match(" ".join(span.split()))
        assert found is not None
        yield found[1]


def words(command: str) -> list[str]:
    """The arguments of a command, as a shell reads them, up to its end."""
    found = []
    for word in shlex.split(command, comments=True):
        if word in ENDS:
            break
        found.append(word.removesuffix(";"))
        if word.endswith(";"):
            break
    return found


def commands() -> list[tuple[str, str]]:
    return [(page.name, each) for page in PAGES for each in written(page)]


@pytest.mark.parametrize(("page", "command"), commands())
def test_a_command_of_a_page_takes_its_arguments(page: str, command: str) -> None:
    given = words(command)
    if len(given) == 1:
        assert given[0] in COMMANDS
        return
    try:
        parser_of(given).parse_args(given)
    except SystemExit:
        pytest.fail(f"{page}: {command}")


def test_the_pages_have_commands() -> None:
    assert len(commands()) > 60
    assert {words(each)[0] for _, each in commands()} >= {"explain", "connect", "export", "compare"}


def test_the_visitor_that_the_readme_asks_about_is_in_its_traffic() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    simulated = re.search(r"simulate --rate (\d+) --seconds (\d+) --seed (\d+)", text)
    asked = re.search(r"explain visitor:(\S+)", text)
    assert simulated is not None
    assert asked is not None
    rate, seconds, seed = map(int, simulated.groups())
    hour = traffic.hour(seed, rate, seconds, Faults())
    sent = (each for _, each in islice(hour, rate * seconds // 2) if isinstance(each, dict))
    assert sum(each.get("visitor") == asked[1] for each in sent) > 3
