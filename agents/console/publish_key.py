"""The key for publishing recipes from the page. Without one the page is read-only.

| variable | what | default |
|---|---|---|
| TRIGGERS_CONSOLE_PUBLISH_KEY | key for publishing from the page, 16 characters of ASCII or more (or ..._FILE) | none |

The page sends it in the header KEY_HEADER. Another site's page cannot send that header: the browser sends a CORS
preflight first, and the console does not allow it.
"""

import asyncio
import hmac
import os
from collections.abc import Mapping
from hashlib import sha256
from typing import Final

from agents.config import shared_key

SETTING: Final = "TRIGGERS_CONSOLE_PUBLISH_KEY"
KEY_HEADER: Final = "Triggers-Publish-Key"
PENALTY_S: Final = 1.0
"""Delay (s) of the answer to a wrong key; one is answered at a time. Shorter: more guesses a day. Longer: a typing
error costs more time."""


def read(environ: Mapping[str, str] = os.environ) -> str | None:
    """The key from the environment. None: the page is read-only. Raises SettingsError."""
    return shared_key.read(SETTING, environ)


class PublishKey:
    """Compares keys in constant time. It answers one wrong key in PENALTY_S."""

    def __init__(self, key: str | None) -> None:
        self._digest = None if key is None else sha256(key.encode()).digest()
        self._penalty = asyncio.Lock()

    @property
    def is_set(self) -> bool:
        return self._digest is not None

    async def admits(self, given: str) -> bool:
        digest = sha256(given.encode("utf-8", "surrogateescape")).digest()
        if self._digest is not None and hmac.compare_digest(digest, self._digest):
            return True
        async with self._penalty:
            await asyncio.sleep(PENALTY_S)
        return False
