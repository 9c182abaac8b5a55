"""The secret that turns addresses into keys. Source: docs/connect.md, 8."""

from typing import Final

from agents.config.environment import Environment

PEPPER: Final = "TRIGGERS_IDENTITY_PEPPER"
SHORTEST: Final = 32
"""Smallest number of bytes of a pepper. All collectors and bridges use the same pepper."""


def pepper(env: Environment) -> bytes | None:
    """The pepper, or None if it is not set. Adds a mistake if it is too short."""
    given = (env.secret(PEPPER) or "").encode()
    if 0 < len(given) < SHORTEST:
        env.mistakes.append(f"{PEPPER}: expected at least {SHORTEST} bytes")
        return None
    return given or None
