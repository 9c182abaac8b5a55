"""The base class of a messaging service: its address, its requests, and the meaning of its answers."""

from abc import ABC, abstractmethod
from typing import ClassVar, Final, NamedTuple

import msgspec

from agents.sender import responses
from agents.sender.message import Message
from agents.sender.responses import Response
from agents.sender.services.notification import Notification, notification

KEY_REFUSED: Final = (401, 403)
KEY_PAUSE_MS: Final = 60_000
"""Ms to wait after a refused key. A wrong key fails every message, so all wait until it is corrected."""


class ServiceRequest(NamedTuple):
    """A request. `url`: the whole URL · `headers`: all but those that every request has."""

    url: str
    headers: dict[str, str]
    body: bytes


class Preset(ABC):
    """One messaging service.

    `address`: of its API; None: each account has its own · `rate`: requests a second that it accepts from one account ·
    `most`: bytes of properties that it accepts · `key`: describes its key · `asks_for_body`: it reports faults in the
    body of an answer.
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
        """The request for a message."""
        content = notification(message, self.most)
        return ServiceRequest(
            self.base + self.path(content), self.headers(), msgspec.json.encode(self.body(content))
        )

    @abstractmethod
    def path(self, notification: Notification) -> str: ...

    @abstractmethod
    def headers(self) -> dict[str, str]: ...

    @abstractmethod
    def body(self, notification: Notification) -> object: ...

    def answered(self, status: int, headers: dict[str, str], body: bytes, now: int) -> Response:
        """The meaning of an answer. `headers`: with lower-case names · `body`: empty unless `asks_for_body` · `now`: ms."""
        if status in KEY_REFUSED:
            return Response("failed", str(status), KEY_PAUSE_MS)
        return responses.response_of(status, headers.get("retry-after"), now)

    @classmethod
    def fault(cls, key: str) -> str | None:
        """The fault of a key, without quoting it; None if it is valid."""
        return None if key.isascii() and key.isprintable() else f"expected {cls.key}"
