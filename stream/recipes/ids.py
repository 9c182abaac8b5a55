"""Ids and buckets as functions of the log: no clock, no host, no uuid. Source: docs/semantics.md, 7 to 9."""

from hashlib import sha256


def trigger_id(recipe: str, person: str, origin: str, key_time: int, step: int) -> str:
    """An id of 32 hex digits. It does not depend on the recipe's version, so a changed recipe sends nothing twice."""
    name = f"{recipe}|{person}|{origin}|{key_time}|{step}"
    return sha256(name.encode()).hexdigest()[:32]


def bucket(word: str, recipe: str, person: str) -> int:
    """A number from 0 to 9999, evenly distributed over persons. `word` (holdout, arm) makes the draws independent."""
    return int(sha256(f"{word}|{recipe}|{person}".encode()).hexdigest()[:8], 16) % 10_000
