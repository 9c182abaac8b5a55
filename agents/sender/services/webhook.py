"""A signed webhook: sends the CloudEvent byte for byte, after the Standard Webhooks convention."""

import time
from collections.abc import Sequence
from typing import ClassVar, Final

from agents.sender import responses, signature
from agents.sender.message import Message
from agents.sender.responses import Response
from agents.sender.services.preset import ServiceRequest

CONTENT_TYPE: Final = "application/cloudevents+json; charset=utf-8"


class Webhook:
    """An endpoint of the shop. A 401 refuses the message only: the endpoint may accept others."""

    asks_for_body: ClassVar = False

    def __init__(self, url: str, secrets: Sequence[bytes]) -> None:
        self._url, self._secrets = url, secrets

    def request(self, message: Message) -> ServiceRequest:
        now = time.time_ns() // 1_000_000
        signed = signature.headers(message.id, now, message.body, self._secrets)
        return ServiceRequest(self._url, signed | {"Content-Type": CONTENT_TYPE}, message.body)

    def answered(self, status: int, headers: dict[str, str], body: bytes, now: int) -> Response:
        return responses.response_of(status, headers.get("retry-after"), now)
