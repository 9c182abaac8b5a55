"""Recognizes requests without a shopper: crawlers, by user agent, and pages that a browser prefetches.

The list comes from the package crawler-user-agents, without HTTP libraries, because shops' own servers use them, and
without automated browsers, because shops test their pages with them. Source: docs/connect.md, 2.9.
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
"""Patterns of the list that match a shop's own server, too."""

TOGETHER: Final = 50
"""Patterns joined into one expression. One expression for all of them takes twice as long."""

LONGEST: Final = 512
REMEMBERED: Final = 16_384
AHEAD: Final = ("sec-purpose", "purpose", "x-purpose", "x-moz")
AT_A_SCREEN: Final = frozenset({*(TAGS[kind] for kind in engaged_events.ENGAGED), "exit.signal"})
"""Types of events that show somebody at a screen. From a robot they are left out."""


def is_robot(user_agent: str) -> bool:
    """Whether the list has a pattern for this user agent."""
    return _listed(user_agent[:LONGEST])


def is_ahead(headers: Mapping[str, str]) -> bool:
    """Whether the browser prefetched the page, before anybody opened it. `headers` have lower-case names."""
    for name in AHEAD:
        purpose = headers.get(name)
        if purpose and ("prefetch" in purpose or "preview" in purpose):
            return True
    return False


@lru_cache(REMEMBERED)
def _listed(user_agent: str) -> bool:
    return any(each.search(user_agent) for each in _expressions())


@cache
def _expressions() -> list[re.Pattern[str]]:
    rows: list[dict[str, Any]] = CRAWLER_USER_AGENTS_DATA
    patterns = [
        row["pattern"]
        for row in rows
        if LEFT_OUT.isdisjoint(row.get("tags", ())) and row["pattern"] not in SERVERS
    ]
    return [
        re.compile("|".join(patterns[at : at + TOGETHER]))
        for at in range(0, len(patterns), TOGETHER)
    ]
