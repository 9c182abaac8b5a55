"""Answers a request: reads it, finds its source, translates it, and writes its events to Kafka.

It answers once the broker has acknowledged every event. A message that cannot be read is refused alone, and never
makes a face fail. No answer quotes what was posted. Source: docs/connect.md, 5.
"""

import time
from collections.abc import Mapping
from typing import Final

from aiohttp import web

from agents.collector.access import address
from agents.collector.body import Limits, plain_body, raw_body
from agents.collector.denied import Denied, denied
from agents.collector.intake import Intake
from agents.collector.quick_answer import answer_of
from agents.faces import answers, batches, cors, robots
from agents.faces.face import ADOBE, CLOUDEVENTS, SHOPIFY_PIXEL
from agents.faces.paths import OWN, Route, route_of
from agents.faces.post import Post, Reply
from agents.faces.request_log import Became, RequestLog
from agents.faces.senders import Admitted, Senders, Unknown
from agents.faces.translated import is_unreadable, judged
from stream.connect.registry import translate
from stream.connect.request import Request
from stream.connect.source import Source
from stream.connect.translation import Translation
from stream.connect.urls import parameters

LIMITS: Final = Limits(packed=4 * 1024 * 1024, unpacked=8 * 1024 * 1024)
BYTES_A_TOKEN: Final = 4096
"""Bytes of a body that take as many tokens of the rate limit as an event, because they take as long to read."""

NOBODY: Final = "-"
"""The name for an unknown source."""

FRAMES: Final = f"{OWN}{SHOPIFY_PIXEL.kinds[0]}/"
HANDSHAKE: Final = "webhook-request-origin"
WAITS: Final = "x-adobe-commerce-webhook-signature"
"""A shop that sends this header waits for the answer in the middle of its checkout."""

CODES: Final = {
    400: "unreadable",
    401: "unauthorized",
    403: "origin_not_allowed",
    404: "not_found",
    408: "too_slow",
    413: "too_large",
    415: "unsupported_media_type",
    429: "too_many_events",
    503: "not_now",
}
PLAIN: Final = frozenset({"", "text/plain", "application/octet-stream"})


class Reception:
    """Answers the requests of all faces."""

    def __init__(self, intake: Intake, senders: Senders, requests: RequestLog) -> None:
        self._intake = intake
        self._senders = senders
        self._requests = requests

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        framed = request.path.startswith(FRAMES)
        origins = self._intake.collecting.origins
        allowed = cors.headers(headers.get("origin", ""), origins, framed)
        if request.method == "OPTIONS":
            return _asked(headers, allowed)
        route = route_of(request.method, request.path)
        if isinstance(route, Reply):
            return _response(route, allowed)
        if allowed is None:
            self._intake.collected.answered(NOBODY, 403)
            return _response(answers.fault(403, CODES[403], ORIGIN), None)
        became = Became()
        source, reply = await self._answered(request, route, headers, became)
        self._intake.collected.answered(source, reply.status)
        self._requests.note(request, source, reply.status, became)
        return _response(reply, allowed)

    async def _answered(
        self, request: web.BaseRequest, route: Route, headers: dict[str, str], became: Became
    ) -> tuple[str, Reply]:
        """(name of the source, the reply)."""
        source = NOBODY
        try:
            post = await _post(request, route, headers)
            early = _beforehand(post, route)
            if early is not None:
                return source, early
            sender = address(request, self._intake.collecting.proxies)
            admitted = self._admitted(route, post, sender)
            source = admitted.source.name
            return source, await self._take(route, post, admitted, sender, became)
        except Denied as no:
            message = no.answer.get("fault", "")
            refusal = answers.fault(no.status, CODES[no.status], message)
            return source, refusal._replace(headers=no.headers)

    def _admitted(self, route: Route, post: Post, sender: str) -> Admitted:
        """The source of a post, within the rate limit of its sender. Raises Denied."""
        try:
            found = self._senders.admitted(route.face, route.name, post)
        except Unknown as unknown:
            self._intake.collected.unauthorized(route.face.kinds[0], unknown.reason)
            self._intake.admit(sender)
            raise denied(*SAID[unknown.reason]) from None
        if not found.proven:
            self._intake.admit(sender, 1 + len(post.body) // BYTES_A_TOKEN)
        return found

    async def _take(
        self, route: Route, post: Post, admitted: Admitted, sender: str, became: Became
    ) -> Reply:
        """Writes the events of a post, and returns the reply. `became`: gets the result. Raises Denied."""
        source, collected = admitted.source, self._intake.collected
        if route.face is CLOUDEVENTS and "json" not in post.content_type not in PLAIN:
            raise denied(415, "expected JSON, got another content type")
        body, cut_off = batches.within(post.body)
        now = time.time_ns() // 1_000_000
        given = Request(post.path, post.query, post.headers, body, post.method)
        done = translate(source.kind, given, source, now)
        if not admitted.proven and without_nobody(done, post.headers):
            collected.robot(source.name)
            became.robot = True
        found = judged(done, body, cut_off)
        types = await self._intake.take(source.name, found, None if admitted.proven else sender)
        became.judged(found, types, done.left_out)
        if done.left_out:
            self._tell(source, done)
        if is_unreadable(done):
            status = route.face.unreadable
            if status >= 400:
                return answers.fault(status, CODES[status], "expected JSON, got something else")
        return route.face.reply(post, len(found.refused))

    def _tell(self, source: Source, done: Translation) -> None:
        self._intake.collected.left_out(source.name, done.left_out)
        for left in done.left_out:
            if left.reason.startswith("unknown"):
                self._intake.collected.unknown(source.name, left.name)
                self._intake.throttled_log.unknown(source.name, left.name)


ORIGIN: Final = "expected an origin of TRIGGERS_COLLECT_ORIGINS, got another"
SAID: Final = {
    "no_source": (404, "expected a source that TRIGGERS_SOURCES names, got another"),
    "no_key": (401, "expected a key of a source, got none"),
    "wrong_key": (401, "expected a key of a source, got another"),
    "wrong_signature": (
        401,
        "expected a signature with a secret of the source, got none or another",
    ),
}


async def _post(request: web.BaseRequest, route: Route, headers: dict[str, str]) -> Post:
    """Reads a request. Raises Denied."""
    raw = await raw_body(request, LIMITS) if request.can_read_body else b""
    query = parameters(request.rel_url.raw_query_string)
    body = plain_body(request, raw, LIMITS) if raw else b""
    return Post(request.method, route.rest, query, headers, raw, body)


def _beforehand(post: Post, route: Route) -> Reply | None:
    """The reply to requests that need no source: Adobe's test of a new address, and calls that block its checkout."""
    if route.face is not ADOBE:
        return None
    if WAITS in post.headers:
        return answers.LET_PASS
    if post.method == "GET" and "challenge" in post.query:
        return Reply(200, post.query["challenge"].encode(), answers.TEXT)
    return None


def without_nobody(done: Translation, headers: Mapping[str, str]) -> bool:
    """Removes events that show somebody at a screen if the request comes from a robot. Returns whether it does.

    An order stays: it is real, whoever sends it.
    """
    nobody = robots.is_ahead(headers) or robots.is_robot(headers.get("user-agent", ""))
    if nobody:
        for event in done.events:
            if event["type"] in robots.AT_A_SCREEN:
                done.leave_out(event["type"], "robot")
        done.events = [each for each in done.events if each["type"] not in robots.AT_A_SCREEN]
    return nobody


def _asked(headers: Mapping[str, str], allowed: Mapping[str, str] | None) -> web.StreamResponse:
    """The response to a browser's preflight, or to the handshake of a sender of CloudEvents."""
    if HANDSHAKE in headers:
        agreed = {
            "Allow": "POST",
            "WebHook-Allowed-Origin": headers[HANDSHAKE],
            "WebHook-Allowed-Rate": "*",
        }
        return web.Response(status=200, headers={**(allowed or {}), **agreed})
    if allowed is None:
        return _response(answers.fault(403, CODES[403], ORIGIN), None)
    return web.Response(status=204, headers={**allowed, **cors.preflight(headers)})


def _response(reply: Reply, allowed: Mapping[str, str] | None) -> web.StreamResponse:
    headers = {**STANDARD, **reply.headers, **(allowed or {})}
    if reply.content_type is not None:
        headers["Content-Type"] = reply.content_type
    return answer_of(reply.status, headers, reply.body)


STANDARD: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
