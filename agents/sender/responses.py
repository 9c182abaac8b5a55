"""Interprets an endpoint's answer, and says how long to wait after it. Pure."""

import random
from collections.abc import Callable
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final, Literal, NamedTuple

Verdict = Literal["delivered", "failed", "refused"]

LATER: Final = (408, 425, 429)
"""The 4xx that may succeed later. Every other 4xx says that this request is wrong."""

LONGEST_MS: Final = 3_600_000
"""Longest Retry-After (ms) that is obeyed. A longer one is a mistake, and triggers would expire meanwhile."""


class Backoff(NamedTuple):
    """Bounds of the random pause (ms). `first`: after the first failure; it doubles with each further one · `most`: the
    largest bound."""

    first: int = 500
    most: int = 300_000


BACKOFF: Final = Backoff()


class Response(NamedTuple):
    """An answer. `status`: the HTTP status, `timeout` or `unreachable` · `retry_after`: the wait (ms) that the endpoint
    requested."""

    verdict: Verdict
    status: str
    retry_after: int | None = None


TIMEOUT: Final = Response("failed", "timeout")
UNREACHABLE: Final = Response("failed", "unreachable")


def response_of(status: int, retry_after: str | None, now: int) -> Response:
    """The answer of a status. `retry_after`: the header, in seconds or as an HTTP date · `now`: ms."""
    if 200 <= status < 300:
        return Response("delivered", str(status))
    if status >= 500 or status in LATER:
        return Response("failed", str(status), _delay(retry_after, now))
    return Response("refused", str(status))


def _delay(text: str | None, now: int) -> int | None:
    """The wait in ms. None if the text is not a valid Retry-After."""
    text = (text or "").strip()
    if text.isascii() and text.isdigit():
        return min(int(text[:9]) * 1000, LONGEST_MS)
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    at = int(date.replace(tzinfo=date.tzinfo or UTC).timestamp() * 1000)
    return min(max(at - now, 0), LONGEST_MS)


def pause(attempts: int, backoff: Backoff, draw: Callable[[], float] = random.random) -> int:
    """The pause (ms) after this many failures: between 0 and a bound that doubles. `draw`: 0 to 1.

    Without the random part, requests that failed together would be repeated together.
    """
    bound = min(backoff.most, backoff.first * 2 ** min(attempts - 1, 30))
    return int(draw() * bound)


def label(status: str) -> str:
    """The label of an answer in metrics, from a closed set: 2xx 3xx 4xx 429 5xx timeout unreachable."""
    return status if not status.isdigit() or status == "429" else f"{status[0]}xx"
