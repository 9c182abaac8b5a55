"""What a browser asks before it posts to another origin, and what it must hear with every answer.

Trackers send `identification: include`, so the exact origin is named. Source: docs/connect.md, 1.
"""

import re
from collections.abc import Mapping
from typing import Final

from agents.collector.access import ANY, REMEMBER_S

NULL: Final = "null"
"""The origin of a sandboxed frame, such as that of Shopify's pixels."""

NAMES: Final = re.compile(r"[\w\-]+(\s*,\s*[\w\-]+)*", re.ASCII)
USUAL: Final = "Content-Type, Authorization, SP-Anonymous, AnonymousId"


def headers(origin: str, origins: frozenset[str], framed: bool = False) -> dict[str, str] | None:
    """The headers of an answer to a page of this origin; None if it may not post.

    Without a list every page may. `framed`: a page in a sandbox may, too.
    """
    if not origin:
        return {"Vary": "Origin"}
    listed = origin.lower() in origins or (framed and origin == NULL)
    if origins and ANY not in origins and not listed:
        return None
    return {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Credentials": "true",
        "Access-Control-Expose-Headers": "Date, Retry-After",
        "Vary": "Origin",
    }


def preflight(asked: Mapping[str, str]) -> dict[str, str]:
    """What more a browser hears that asks first. `asked`: its headers, with lower-case names."""
    wanted = asked.get("access-control-request-headers", "").strip()
    return {
        "Access-Control-Allow-Methods": "POST, GET, OPTIONS",
        "Access-Control-Allow-Headers": wanted if NAMES.fullmatch(wanted) else USUAL,
        "Access-Control-Max-Age": str(REMEMBER_S),
    }
