"""Reads a key that people type or programs send, from a setting or its file. It must be too long to guess."""

from collections.abc import Mapping
from typing import Final

from agents.config.environment import Environment
from agents.config.settings import SettingsError

SHORTEST: Final = 16
"""Fewest characters of a key. Shorter keys could be guessed."""


def read(setting: str, environ: Mapping[str, str]) -> str | None:
    """The key; None if neither the setting nor its ..._FILE is set. Raises SettingsError."""
    env = Environment(environ)
    key = env.secret(setting)
    if key is not None and not (key.isascii() and key.isprintable() and len(key) >= SHORTEST):
        env.mistakes.append(f"{setting}: expected {SHORTEST} or more printable characters of ASCII")
    if env.mistakes:
        raise SettingsError("\n".join(env.mistakes))
    return key
