"""Removes from URLs what may name people: it keeps only harmless parameters, no fragment and no user.

Source: docs/connect.md, 2.8.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

from stream.connect.reading import text

LONGEST: Final = 2_048
MOST: Final = 1_000
"""A query or a form with more parameters than this is not read."""

SCHEMES: Final = frozenset({"", "http", "https", "android-app", "ios-app"})


def clean_url(value: Any, allowed: Iterable[str] = ()) -> str | None:
    if not isinstance(value, str):
        return None
    kept = frozenset(allowed)
    return _cleaned(value, kept) if len(value) > REMEMBERED else _remembered(value, kept)


REMEMBERED: Final = 256
"""Longest URL in the cache, in characters: the URLs of products repeat."""


def _cleaned(value: str, kept: frozenset[str]) -> str | None:
    parts = _parts(value)
    if parts is None:
        return None
    query = [pair for pair in _pairs(parts.query) if pair[0].lower() in kept]
    url = parts._replace(
        netloc=parts.netloc.rpartition("@")[2], query=urlencode(query), fragment=""
    )
    return url.geturl()[:LONGEST] or None


_remembered: Final = lru_cache(8_192)(_cleaned)


def path_of(value: Any) -> str | None:
    """The path of a URL or a path. `/` for a host alone."""
    if not isinstance(value, str):
        return None
    return _path(value) if len(value) > REMEMBERED else _remembered_path(value)


def _path(value: str) -> str | None:
    parts = _parts(value)
    if parts is None:
        return None
    return parts.path[:LONGEST] or ("/" if parts.netloc else None)


_remembered_path: Final = lru_cache(8_192)(_path)


def parameters(query: Any) -> dict[str, str]:
    """The parameters of a query string or a form. The last of several values wins."""
    return dict(_pairs(query.removeprefix("?"))) if query and isinstance(query, str) else {}


def _pairs(query: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(query, keep_blank_values=True, max_num_fields=MOST)
    except ValueError:
        return []


def _parts(value: Any) -> SplitResult | None:
    address = text(value) if isinstance(value, str) else None
    if address is None:
        return None
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    return parts if parts.scheme.lower() in SCHEMES else None
