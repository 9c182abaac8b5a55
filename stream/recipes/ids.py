"""Ids and buckets as functions of the log: no clock, no host, no uuid. Source: docs/semantics.md, 7 to 9."""

try:
    # Python's own: OpenSSL's takes three times as long for a short text.
    from _sha256 import sha256  # type: ignore[import-not-found]
except ImportError:  # pragma: no cover - from Python 3.12 on
    from hashlib import sha256


def short_hash(text: str) -> str:
    """The first 32 hex digits of the text's SHA-256."""
    digits: str = sha256(text.encode()).hexdigest()
    return digits[:32]


def trigger_id(recipe: str, person: str, origin: str, key_time: int, step: int) -> str:
    """An id of 32 hex digits. It does not depend on the recipe's version, so a changed recipe sends nothing twice."""
    return short_hash(f"{recipe}|{person}|{origin}|{key_time}|{step}")


def bucket(word: str, recipe: str, person: str) -> int:
    """A number from 0 to 9999, evenly distributed over persons. `word` (holdout, arm) makes the draws independent."""
    return int(sha256(f"{word}|{recipe}|{person}".encode()).hexdigest()[:8], 16) % 10_000
