"""The webhook's other end: one POST a try, signed, over a bounded number of connections."""

import logging
import time
from typing import Final

import aiohttp

from agents.runtime.log import say
from agents.sender import responses, signature
from agents.sender.message import Message
from agents.sender.metrics import Metrics
from agents.sender.responses import Response
from agents.sender.settings import SenderSettings

log = logging.getLogger("triggers.sender")

CONTENT_TYPE: Final = "application/cloudevents+json; charset=utf-8"
QUIET_S: Final = 10.0
AGENT: Final = "storefront-triggers"


class Endpoint:
    """Redirects are not followed: a signed body goes to the address that was set, or nowhere."""

    def __init__(self, settings: SenderSettings, metrics: Metrics) -> None:
        self._settings, self._metrics = settings, metrics
        self._closed_until = 0.0
        self._well, self._quiet_until = True, 0.0
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._settings.requests),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=self._settings.timeout_ms / 1000),
            headers={"User-Agent": AGENT, "Content-Type": CONTENT_TYPE},
        )

    async def stop(self) -> None:
        if self._session is not None:
            await self._session.close()

    @property
    def closed(self) -> float:
        """Seconds until the endpoint may be asked again: it said so with Retry-After."""
        return max(self._closed_until - time.monotonic(), 0.0)

    async def post(self, message: Message) -> Response:
        """Returns when the answer's head is there; what a body says changes nothing."""
        begun = time.monotonic()
        answer = await self._post(message)
        self._metrics.tried(responses.label(answer.said), time.monotonic() - begun)
        self._report(answer)
        if answer.retry_after is not None:
            until = time.monotonic() + answer.retry_after / 1000
            self._closed_until = max(self._closed_until, until)
        return answer

    def _report(self, answer: Response) -> None:
        """A line when it begins to fail and when it is well again, and not many while it does both."""
        well, now = answer.verdict == "delivered", time.monotonic()
        if well != self._well and now >= self._quiet_until:
            level = logging.INFO if well else logging.WARNING
            say(log, "endpoint_well" if well else "endpoint_fails", level, said=answer.said)
            self._well, self._quiet_until = well, now + QUIET_S

    async def _post(self, message: Message) -> Response:
        assert self._session is not None, "started"
        now = int(time.time() * 1000)
        signed = signature.headers(message.id, now, message.body, self._settings.secrets)
        try:
            async with self._session.post(
                self._settings.url, data=message.body, headers=signed, allow_redirects=False
            ) as response:
                after = response.headers.get("Retry-After")
                return responses.response_of(response.status, after, now)
        except TimeoutError:
            return responses.TIMEOUT
        except (aiohttp.ClientError, OSError):
            return responses.UNREACHABLE
