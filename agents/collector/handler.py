"""POST /collect: checks a storefront's events and writes them to Kafka. Developers read docs/storefront.md.

It answers 202 once the broker has acknowledged every valid event. The answer lists the refused events and
the parts that were left out. It quotes nothing that was posted, except the ids of taken events.
"""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, Final

import msgspec
from aiohttp import web

from agents.collector.access import Collecting, address, believed, cors
from agents.collector.addresses import KnownSender
from agents.collector.body import Limits, plain_body, raw_body
from agents.collector.denied import Denied, denied
from agents.collector.documents import LARGEST
from agents.collector.intake import Intake, OnTaken, nobody
from agents.collector.metrics import OWN, CollectorMetrics
from agents.collector.notes import NEEDS_KEY, Note, Unreadable
from agents.collector.producer import EventProducer
from agents.collector.quick_answer import answer_of
from agents.collector.rejects import Rejects
from agents.collector.validation import Judged, Refused, judge, kind_of
from agents.config.app_key import SETTINGS
from agents.config.settings import Settings
from agents.connect.contacts import keyed
from agents.connect.redaction import redacted
from agents.runtime.metrics_page import tell
from stream.connect.source import KeyOf

TYPES: Final = frozenset({"application/json", "text/plain", "application/octet-stream"})
"""Content types. A page that closes can send text/plain to another origin without a preflight."""

LIMITS: Final = Limits(LARGEST, LARGEST)
Handler = Callable[[web.BaseRequest], Coroutine[Any, Any, web.StreamResponse]]

ORIGIN: Final = "expected an origin of TRIGGERS_COLLECT_ORIGINS, got another"


class Collector:
    """The handler. `key_of` None: no pepper is set, so addresses are left out."""

    def __init__(self, intake: Intake, key_of: KeyOf | None) -> None:
        self._intake = intake
        self._key_of = key_of

    async def ask(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answers a browser's preflight: may a page of this origin post here?"""
        allowed = cors(request, self._intake.collecting.origins)
        if allowed is None:
            return _answer(403, {"fault": ORIGIN}, {})
        return web.Response(status=204, headers=allowed)

    async def post(self, request: web.BaseRequest) -> web.StreamResponse:
        allowed = cors(request, self._intake.collecting.origins)
        try:
            if allowed is None:
                raise denied(403, ORIGIN)
            judged = await self._take(request)
        except Denied as no:
            self._intake.collected.answered(OWN, no.status)
            return _answer(no.status, no.answer, {**(allowed or {}), **no.headers})
        status = _status(judged)
        self._intake.collected.answered(OWN, status)
        return _answer(status, said(judged), allowed or {})

    async def _take(self, request: web.BaseRequest) -> Judged:
        """Takes a post. Raises Denied."""
        collecting = self._intake.collecting
        name = address(request, collecting.proxies)
        self._intake.admit(name)
        if request.content_type not in TYPES:
            raise denied(415, "expected application/json or text/plain, got another content type")
        body = plain_body(request, await raw_body(request, LIMITS), LIMITS)
        known = believed(request, collecting.key)
        sender = KnownSender(known, self._key_of, known and collecting.key is not None)
        try:
            judged = judge(body, sender)
        except Unreadable as fault:
            self._refuse_whole(body, fault)
            raise Denied(400, {"faults": [fault.note]}) from None
        await self._intake.take(OWN, judged, name)
        return judged

    def _refuse_whole(self, body: bytes, fault: Unreadable) -> None:
        kind, note = kind_of(body), fault.note
        refused = [Refused(redacted(body), kind, note.reason, note.path)]
        self._intake.collected.refused(OWN, refused)
        if fault.kept:
            self._intake.refuse(OWN, refused)


def _status(judged: Judged) -> int:
    """The status. A post is refused as a whole only if no event could be taken."""
    if judged.taken:
        return 202
    return 403 if all(each.reason == NEEDS_KEY for each in judged.refused) else 400


def said(judged: Judged) -> dict[str, Sequence[str | Note]]:
    """The body of the answer: what was taken, and what is wrong with the rest."""
    answer: dict[str, Sequence[str | Note]] = {}
    if judged.taken:
        answer["ids"] = [event.id for event in judged.taken]
    if judged.faults:
        answer["faults"] = judged.faults
    if judged.left_out:
        answer["warnings"] = [note for _, note in judged.left_out]
    return answer


def _answer(status: int, answer: Any, headers: Mapping[str, str]) -> web.StreamResponse:
    fields = {**headers, "Cache-Control": "no-store", "Content-Type": "application/json"}
    return answer_of(status, fields, msgspec.json.encode(answer))


def add_routes(
    app: web.Application, on_taken: OnTaken = nobody
) -> list[Callable[[], Coroutine[Any, Any, None]]]:
    """Adds /collect and /metrics. The caller runs the result for as long as they answer. Raises SettingsError."""
    settings = app[SETTINGS]
    carrier, collected = EventProducer(settings), CollectorMetrics()
    rejects = Rejects(settings, collected)
    add_collect(app, Intake(Collecting.read(), carrier, rejects, collected, on_taken), settings)
    tell(app, collected.text)
    return [carrier.run, rejects.run]


def add_collect(app: web.Application, intake: Intake, settings: Settings) -> None:
    """Adds /collect."""
    for (method, path), answering in collect_routes(intake, settings).items():
        app.router.add_route(method, path, answering)


def collect_routes(intake: Intake, settings: Settings) -> dict[tuple[str, str], Handler]:
    """The handlers of /collect, by method and path."""
    key_of = keyed(settings.pepper) if settings.pepper else None
    collector = Collector(intake, key_of)
    return {("POST", "/collect"): collector.post, ("OPTIONS", "/collect"): collector.ask}
