"""The endpoint: one POST for each attempt, over a bounded number of connections and at a bounded rate."""

import logging
import time
from typing import ClassVar, Final, Protocol

import aiohttp
from yarl import URL

from agents.runtime.log import say
from agents.sender import responses
from agents.sender.message import Message
from agents.sender.metrics import Metrics
from agents.sender.responses import Response
from agents.sender.services.preset import ServiceRequest
from agents.sender.services.registry import PRESETS
from agents.sender.services.webhook import Webhook
from agents.sender.settings import SenderSettings

log = logging.getLogger("triggers.sender")

QUIET_S: Final = 10.0
AGENT: Final = "storefront-triggers"
LARGEST_ANSWER: Final = 64 * 1024
"""Bytes of an answer that are read, for a service that reports faults in the body."""


class Service(Protocol):
    """Makes requests and reads their answers: a preset of a messaging service, or a webhook."""

    asks_for_body: ClassVar[bool]

    def request(self, message: Message) -> ServiceRequest: ...

    def answered(self, status: int, headers: dict[str, str], body: bytes, now: int) -> Response: ...


def service(settings: SenderSettings) -> Service:
    """The service that the settings name."""
    preset = PRESETS.get(settings.service)
    if preset is None:
        return Webhook(settings.url, settings.secrets)
    return preset(settings.url, settings.key)


class Endpoint:
    """The endpoint. It follows no redirects: a signed body goes to the configured address, or nowhere."""

    def __init__(self, settings: SenderSettings, metrics: Metrics) -> None:
        self._settings, self._metrics = settings, metrics
        self._service = service(settings)
        self._closed_until = self._next_at = 0.0
        self._well, self._quiet_until = True, 0.0
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._settings.requests),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=self._settings.timeout_ms / 1000),
            headers={"User-Agent": AGENT},
        )

    async def stop(self) -> None:
        if self._session is not None:
            await self._session.close()

    @property
    def closed(self) -> float:
        """Seconds until the next request may be sent, by the endpoint's Retry-After and the rate limit."""
        return max(max(self._closed_until, self._next_at) - time.monotonic(), 0.0)

    async def post(self, message: Message) -> Response:
        """Sends one request. Reads the body of the answer only for a service that reports faults in it."""
        begun = time.monotonic()
        if self._settings.rate:
            self._next_at = max(self._next_at, begun) + 1 / self._settings.rate
        answer = await self._post(message)
        self._metrics.tried(responses.label(answer.status), time.monotonic() - begun)
        self._report(answer)
        if answer.retry_after is not None:
            until = time.monotonic() + answer.retry_after / 1000
            self._closed_until = max(self._closed_until, until)
        return answer

    def _report(self, answer: Response) -> None:
        """Logs when the endpoint starts to fail and when it works again, at most once in a while."""
        well, now = answer.verdict == "delivered", time.monotonic()
        if well != self._well and now >= self._quiet_until:
            level = logging.INFO if well else logging.WARNING
            say(log, "endpoint_well" if well else "endpoint_fails", level, answer=answer.status)
            self._well, self._quiet_until = well, now + QUIET_S

    async def _post(self, message: Message) -> Response:
        assert self._session is not None, "started"
        url, headers, body = self._service.request(message)
        try:
            async with self._session.post(
                URL(url, encoded=True), data=body, headers=headers, allow_redirects=False
            ) as response:
                answered = {name.lower(): value for name, value in response.headers.items()}
                text = b""
                if self._service.asks_for_body:
                    text = await response.content.read(LARGEST_ANSWER)
                now = time.time_ns() // 1_000_000
                return self._service.answered(response.status, answered, text, now)
        except TimeoutError:
            return responses.TIMEOUT
        except (aiohttp.ClientError, OSError):
            return responses.UNREACHABLE
