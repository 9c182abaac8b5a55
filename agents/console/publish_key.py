"""The key of those who may publish recipes from the page. Without one the page only reads.

| variable | what | default |
|---|---|---|
| TRIGGERS_CONSOLE_PUBLISH_KEY | key of those who may publish from the page, 16 characters of ASCII or more (or ..._FILE) | none |

It is sent in the header KEY_HEADER. A page of somebody else cannot send that header: a browser asks first, and is not
answered.
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
"""What a wrong key costs whoever sent it, one after the other. Shorter: more guesses a day. Longer: a slip of the finger
waits, and so does the next one."""


def read(environ: Mapping[str, str] = os.environ) -> str | None:
    """The key; None: nobody may publish. Raises SettingsError."""
    return shared_key.read(SETTING, environ)


class PublishKey:
    """Compares in a time that says nothing about the key; wrong ones are answered one a second."""

    def __init__(self, key: str | None) -> None:
        self._digest = None if key is None else sha256(key.encode()).digest()
        self._wrong = asyncio.Lock()

    @property
    def is_set(self) -> bool:
        return self._digest is not None

    async def admits(self, given: str) -> bool:
        found = sha256(given.encode("utf-8", "surrogateescape")).digest()
        if self._digest is not None and hmac.compare_digest(found, self._digest):
            return True
        async with self._wrong:
            await asyncio.sleep(PENALTY_S)
        return False
