"""Ids of people, of things and of events. A repeated event gets the same id.

Source: docs/connect.md, 2.2 and 2.7; docs/semantics.md, 2.
"""

import hashlib
import json
import re
from functools import lru_cache
from typing import Any, Final

from stream.connect.reading import text

LONGEST: Final = 128
SHARED: Final = """undefined null none nil nan anonymous anon guest unknown 0 -1 n/a - true false not_set not_authenticated
distinctid distinct_id id email $posthog_cookieless cookieless shopify-admin
00000000-0000-0000-0000-000000000000"""
NOBODY: Final = frozenset(SHARED.split()) | {"", "(not set)"}
"""Ids that many visitors share, in lower case. Sources: PostHog's and Segment's lists of blocked ids."""

INSIDE: Final = ("{{", "${", "%%")
"""Parts of a template that was not filled in."""


ORDINARY: Final = re.compile(r"[A-Za-z0-9_.:-]+")
"""An id of these characters alone has no quotes, no slash and no part of a template."""


def names_nobody(name: str) -> bool:
    """Whether the id stands for nobody."""
    if ORDINARY.fullmatch(name) is not None:
        return name.lower() in NOBODY or not name.strip("0-")
    plain = name.strip().lower().strip("\"'`").strip()
    if plain in NOBODY or not plain.strip("0-"):
        return True
    return (
        plain.startswith("[object")
        or plain.endswith(("/undefined", "/null"))
        or any(part in plain for part in INSIDE)
    )


GLOBAL: Final = "gid://shopify/"
"""Prefix of Shopify's global ids: `gid://shopify/Order/5778` is order 5778 in its webhooks."""


def _named(value: Any) -> str | None:
    """The id without a prefix that only names the kind of thing."""
    name = text(value)
    if name is None or not name.startswith(GLOBAL):
        return name
    return text(name.removeprefix(GLOBAL).partition("/")[2].partition("?")[0])


def identifier(value: Any) -> str | None:
    """The id of a person or a thing. None if there is none, or if it is a name of nobody."""
    if value is None:
        return None
    return _known(value) if type(value) is str and len(value) <= LONGEST else _identified(value)


def _identified(value: Any) -> str | None:
    name = _named(value)
    if name is None or names_nobody(name):
        return None
    return shortened(name)


_known: Final = lru_cache(16_384)(_identified)
"""Visitors and products come again and again."""


COOKIE: Final = re.compile(r"GA[0-9]+\.[0-9]+(?:-[0-9]+)?\.([0-9]+\.[0-9]+)", re.ASCII)


def client_of(value: Any) -> Any:
    """GA4's client id. The whole cookie `_ga` often comes in its place, such as `GA1.1.1369988567.1756151735`."""
    cookie = COOKIE.fullmatch(value) if isinstance(value, str) else None
    return value if cookie is None else cookie[1]


def thing(value: Any) -> str | None:
    """The id of a product or a variant. Here any name is allowed, even "unknown"."""
    if value is None:
        return None
    return _thing(value) if type(value) is str and len(value) <= LONGEST else _of_a_thing(value)


def _of_a_thing(value: Any) -> str | None:
    name = _named(value)
    return shortened(name) if name is not None else None


_thing: Final = lru_cache(16_384)(_of_a_thing)


def shortened(name: str) -> str:
    return name if len(name) <= LONGEST else digest(name)


def digest(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:32]


def event_id(prefix: str, *parts: Any) -> str:
    """The id of an event: `sg:<part>:<part>`. A long one is hashed after its prefix."""
    name = ":".join([str(part) for part in parts])
    whole = f"{prefix}:{name}"
    return whole if len(whole) <= LONGEST else f"{prefix}:{digest(name)}"


def content_id(prefix: str, *contents: Any) -> str:
    """The id of an event without one: a hash of its content, in any order of its keys."""
    canonical = json.dumps(contents, sort_keys=True, separators=(",", ":"), default=str)
    return f"{prefix}:{digest(canonical)}"


def numbered(name: str, count: int) -> list[str]:
    """The ids of the events that one event becomes: `…/0`, `…/1`. A single event keeps the id."""
    if count == 1:
        return [name]
    return [shortened(f"{name}/{index}") for index in range(count)]
