"""What the file of a messaging service says: where requests go, what they hold, what the answers mean."""

from abc import ABC, abstractmethod
from typing import ClassVar, Final, NamedTuple

import msgspec

from agents.sender import responses
from agents.sender.message import Message
from agents.sender.responses import Response
from agents.sender.services.notification import Notification, notification

KEY_REFUSED: Final = (401, 403)
KEY_PAUSE_MS: Final = 60_000
"""A refused key is wrong for every message. All messages wait until somebody mends it; none is given up."""


class ServiceRequest(NamedTuple):
    """`url`: whole. `headers`: without those that every request has."""

    url: str
    headers: dict[str, str]
    body: bytes


class Preset(ABC):
    """One messaging service.

    `address`: where its interface is, None where each account has its own. `rate`: requests a second that it
    takes of one account. `most`: bytes of properties that it takes. `key`: how the key is written.
    """

    name: ClassVar[str]
    address: ClassVar[str | None]
    rate: ClassVar[int]
    most: ClassVar[int]
    key: ClassVar[str]
    asks_for_body: ClassVar[bool] = False

    def __init__(self, base: str, key: str) -> None:
        self.base, self._key = base.rstrip("/"), key

    def request(self, message: Message) -> ServiceRequest:
        """Of a message that `message.read` took."""
        told = notification(message, self.most)
        return ServiceRequest(
            self.base + self.path(told), self.headers(), msgspec.json.encode(self.body(told))
        )

    @abstractmethod
    def path(self, told: Notification) -> str: ...

    @abstractmethod
    def headers(self) -> dict[str, str]: ...

    @abstractmethod
    def body(self, told: Notification) -> object: ...

    def answered(self, status: int, headers: dict[str, str], body: bytes, now: int) -> Response:
        """`headers`: names in lower case. `body`: read only for a service that `asks_for_body`. `now`: ms."""
        if status in KEY_REFUSED:
            return Response("failed", str(status), KEY_PAUSE_MS)
        return responses.response_of(status, headers.get("retry-after"), now)

    @classmethod
    def fault(cls, key: str) -> str | None:
        """What is wrong with a key, without quoting it."""
        return None if key.isascii() and key.isprintable() else f"expected {cls.key}"
