"""CORS: the headers of every answer to a page of another origin, and of the answer to a preflight.

Trackers post with `credentials: include`, so the headers name the exact origin. Source: docs/connect.md, 1.
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
    """The headers of an answer to a page of this origin; None if the page may not post.

    If `origins` is empty, every page may. `framed`: a page in a sandboxed frame may, too.
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


def preflight(request_headers: Mapping[str, str]) -> dict[str, str]:
    """The further headers of the answer to a preflight. `request_headers` have lower-case names."""
    wanted = request_headers.get("access-control-request-headers", "").strip()
    return {
        "Access-Control-Allow-Methods": "POST, GET, OPTIONS",
        "Access-Control-Allow-Headers": wanted if NAMES.fullmatch(wanted) else USUAL,
        "Access-Control-Max-Age": str(REMEMBER_S),
    }
