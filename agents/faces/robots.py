"""Who is no shopper: crawlers by their user agents, and pages that a browser loads ahead.

The list is that of the package crawler-user-agents. Libraries that programs post with are not in it here, since
shops' own servers use them; nor are driven browsers, which a shop tests its pages with. Source: docs/connect.md, 2.9.
"""

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any, Final

from crawleruseragents import CRAWLER_USER_AGENTS_DATA

from stream.events.types import TAGS
from stream.stages import engaged_events

LEFT_OUT: Final = frozenset({"http-library", "browser-automation"})
SERVERS: Final = frozenset({r"WordPress\/"})
"""A shop's own server says so, too."""

TOGETHER: Final = 50
"""Patterns in one expression. Together in one they take twice as long."""

LONGEST: Final = 512
REMEMBERED: Final = 16_384
AHEAD: Final = ("sec-purpose", "purpose", "x-purpose", "x-moz")
AT_A_SCREEN: Final = frozenset({*(TAGS[kind] for kind in engaged_events.ENGAGED), "exit.signal"})
"""Types that show somebody at a screen. What a robot does is nobody's."""


def is_robot(user_agent: str) -> bool:
    """Whether the list has this user agent."""
    return _listed(user_agent[:LONGEST])


def is_ahead(headers: Mapping[str, str]) -> bool:
    """Whether the page was loaded before anybody asked to see it."""
    told = (headers.get(name) for name in AHEAD)
    return any(each and ("prefetch" in each or "preview" in each) for each in told)


@lru_cache(REMEMBERED)
def _listed(user_agent: str) -> bool:
    return any(each.search(user_agent) for each in _expressions())


@cache
def _expressions() -> list[re.Pattern[str]]:
    rows: list[dict[str, Any]] = CRAWLER_USER_AGENTS_DATA
    found = [
        row["pattern"]
        for row in rows
        if LEFT_OUT.isdisjoint(row.get("tags", ())) and row["pattern"] not in SERVERS
    ]
    return [
        re.compile("|".join(found[at : at + TOGETHER])) for at in range(0, len(found), TOGETHER)
    ]
