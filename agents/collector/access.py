"""Decides who may post to the collector, and finds a post's address. It trusts no header that the settings do not name.

| variable | what | default |
|---|---|---|
| TRIGGERS_COLLECT_ORIGINS | other origins whose pages may post: `https://shop.example,…`, or `*` | none |
| TRIGGERS_COLLECT_PROXIES | proxies in front that add to X-Forwarded-For; 0: the peer's address counts | 0 |
| TRIGGERS_COLLECT_KEY | key of posts that name a customer, an order or a consent (or ..._FILE) | none: all posts may |
| TRIGGERS_COLLECT_PER_ADDRESS | events a second that one address may post, in the long run; 0: any | 100; of the command collector 1000 |
| TRIGGERS_COLLECT_PER_VISITOR | the same for one visitor | 20; of the command collector 100 |

The command collector has higher rates: it takes events of SDKs on servers, and backlogs of days.
"""

import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hmac import compare_digest
from typing import Final, NamedTuple, Self
from urllib.parse import urlsplit

from aiohttp import web

from agents.config.environment import Environment
from agents.config.settings import SettingsError

ANY: Final = "*"
ORIGIN: Final = re.compile(r"https?://[a-z0-9.\-\[\]:]+", re.ASCII)
REMEMBER_S: Final = 7200
"""Seconds for which a browser remembers that it may post."""


class Rates(NamedTuple):
    """Rates in events a second, in the long run."""

    address: int
    visitor: int


OF_PAGES: Final = Rates(100, 20)
OF_SDKS: Final = Rates(1000, 100)


@dataclass(frozen=True)
class Collecting:
    """Settings of the collector. Rates are in events a second. `key` None: every sender is trusted."""

    origins: frozenset[str] = frozenset()
    proxies: int = 0
    per_address: int = OF_PAGES.address
    per_visitor: int = OF_PAGES.visitor
    key: str | None = field(default=None, repr=False)

    @classmethod
    def read(cls, environ: Mapping[str, str] = os.environ, rates: Rates = OF_PAGES) -> Self:
        """The settings. `rates`: the defaults. Raises SettingsError with every mistake."""
        env = Environment(environ)
        found = cls(
            origins=_origins(env),
            proxies=env.number("TRIGGERS_COLLECT_PROXIES", 0, 10, 0),
            per_address=env.number("TRIGGERS_COLLECT_PER_ADDRESS", 0, 10**6, rates.address),
            per_visitor=env.number("TRIGGERS_COLLECT_PER_VISITOR", 0, 10**6, rates.visitor),
            key=env.secret("TRIGGERS_COLLECT_KEY"),
        )
        if env.mistakes:
            raise SettingsError("\n".join(env.mistakes))
        return found


def _origins(env: Environment) -> frozenset[str]:
    name = "TRIGGERS_COLLECT_ORIGINS"
    given = [part.strip().lower().rstrip("/") for part in env.text(name).split(",")]
    origins = frozenset(filter(None, given))
    for each in sorted(origins - {ANY}):
        if not ORIGIN.fullmatch(each):
            env.mistakes.append(f"{name}: expected an origin such as https://shop.example")
    return origins


def cors(request: web.BaseRequest, origins: frozenset[str]) -> dict[str, str] | None:
    """The headers of an answer to a page of the request's origin. None if that page may not post.

    A request without an Origin comes from no browser's page, or from the console's own.
    """
    origin = request.headers.get("Origin", "").lower()
    if not origin or urlsplit(origin).netloc == request.host.lower():
        return {"Vary": "Origin"}
    if ANY not in origins and origin not in origins:
        return None
    return {
        "Access-Control-Allow-Origin": ANY if ANY in origins else origin,
        "Access-Control-Allow-Methods": "POST",
        "Access-Control-Allow-Headers": "Content-Type",
        "Access-Control-Expose-Headers": "Date, Retry-After",
        "Access-Control-Max-Age": str(REMEMBER_S),
        "Vary": "Origin",
    }


def believed(request: web.BaseRequest, key: str | None) -> bool:
    """Whether the sender of the post knows the key, as the shop's own server does. None: every sender does."""
    if key is None:
        return True
    given = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
    return compare_digest(given, f"Bearer {key}".encode())


def address(request: web.BaseRequest, proxies: int) -> str:
    """The client's address. For IPv6 it is the /64, which is one household.

    Only the last `proxies` entries of X-Forwarded-For count, because the shop's own proxies wrote them.
    """
    found = request.remote or ""
    if proxies:
        hops = ",".join(request.headers.getall("X-Forwarded-For", [])).split(",")
        found = hops[-proxies].strip() if len(hops) >= proxies else found
    return _household(found) or request.remote or ""


@lru_cache(4_096)
def _household(found: str) -> str | None:
    """The address, or the /64 of an IPv6 address, as text; None if it is not an address."""
    try:
        known = ipaddress.ip_address(found)
    except ValueError:
        return None
    if isinstance(known, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((known, 64), strict=False))
    return str(known)
