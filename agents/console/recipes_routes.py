"""The routes of the recipes page: the recipes in force, their history, and checks, trials and publishing of drafts."""

import asyncio
import time
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final, TypeVar

import msgspec
from aiohttp import web
from aiokafka.errors import KafkaError, TopicAuthorizationFailedError
from kafka.errors import KafkaError as KafkaPythonError
from msgspec import Struct

from agents.compare.page_parts import STYLE
from agents.config.app_key import SETTINGS
from agents.config.settings import SettingsError
from agents.console.drafts import Draft, draft
from agents.console.publish_key import KEY_HEADER, SETTING, PublishKey
from agents.console.recipe_documents import RecipeDocuments
from agents.console.routes import READER, answer
from agents.console.trials import HOURS, Trials
from agents.kafka.cluster_admin import TopicsError
from agents.kafka.topics import TopicsMissing
from agents.published import publisher
from stream.recipes_file import RecipesError

DOCUMENTS: Final = web.AppKey("documents", RecipeDocuments)
TRIALS: Final = web.AppKey("trials", Trials)
KEY: Final = web.AppKey("publish_key", PublishKey)

TIMEOUT_S: Final = 30.0

FRAME_HEADERS: Final = {
    "Content-Security-Policy": "; ".join(
        (
            "default-src 'none'",
            f"style-src 'sha256-{b64encode(sha256(STYLE.encode()).digest()).decode()}'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'self'",
        )
    ),
    "X-Frame-Options": "SAMEORIGIN",
    "Cache-Control": "no-store",
}
"""Headers of a report in a frame of the page. It may use its own style, and load nothing."""

routes = web.RouteTableDef()


class DraftText(Struct):
    text: str


Posted = TypeVar("Posted", bound=Struct)


class TrialRequest(DraftText):
    """A request for a trial over the last `hours`."""

    hours: int


class PublishRequest(DraftText):
    """A request to publish. `newest`: number of the newest document that the author has seen · `start`: as for
    `recipes publish --from`."""

    newest: int
    by: str = ""
    note: str = ""
    start: str = ""


def add_routes(app: web.Application) -> None:
    app.add_routes(routes)


async def _posted_json(request: web.Request, of: type[Posted]) -> Posted:
    """The posted JSON. Browsers allow only this site's own pages to post that content type.

    Raises HTTPUnsupportedMediaType, HTTPBadRequest.
    """
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType(
            text=f"expected application/json, got {request.content_type}\n"
        )
    try:
        return msgspec.json.decode(await request.read(), type=of)
    except msgspec.MsgspecError as error:
        raise web.HTTPBadRequest(text=f"{error}\n") from None


def _now() -> int:
    return time.time_ns() // 1_000_000


@routes.get("/api/recipes")
async def recipes(request: web.Request) -> web.Response:
    documents, now = request.app[DOCUMENTS], _now()
    current = documents.current_number(now)
    found = {
        "now": now,
        "zone": documents.current(now).policy.zone,
        "may_publish": request.app[KEY].is_set,
        "setting": SETTING,
        "current": current,
        "newest": documents.newest,
        "text": documents.text(current),
        "documents": documents.rows(now),
        "hours": HOURS,
    }
    return answer(found)


@routes.get(r"/api/recipes/{number:\d{1,9}}")
async def document(request: web.Request) -> web.Response:
    text = request.app[DOCUMENTS].text(int(request.match_info["number"]))
    if text is None:
        return answer({"fault": "There is no such document, or it was refused."}, 404)
    return answer({"text": text})


@routes.post("/api/recipes/check")
async def check(request: web.Request) -> web.Response:
    found = await _draft(request, (await _posted_json(request, DraftText)).text)
    faults = [{"line": line, "why": why} for line, why in found.faults]
    return answer({"faults": faults, "changes": found.changes})


async def _draft(request: web.Request, text: str) -> Draft:
    """Checks a draft in a thread, because a long file would block the event loop."""
    return await asyncio.to_thread(draft, text, request.app[DOCUMENTS].current(_now()))


@routes.post("/api/recipes/trial")
async def begin(request: web.Request) -> web.Response:
    wanted = await _posted_json(request, TrialRequest)
    if wanted.hours not in HOURS:
        return answer({"fault": f"hours: expected one of {', '.join(map(str, HOURS))}"}, 400)
    found = await _draft(request, wanted.text)
    if found.faults:
        line, why = found.faults[0]
        return answer({"fault": why, "line": line}, 422)
    documents = request.app[DOCUMENTS]
    before = documents.text(documents.current_number(_now()))
    try:
        trial = await request.app[TRIALS].start(before or "", wanted.text, wanted.hours)
    except OSError as error:
        return answer({"fault": f"The trial cannot be started: {error.strerror}."}, 500)
    return answer(trial.shown(), 202)


@routes.get(r"/api/recipes/trial/{id:[0-9a-f]{16}}")
async def trial(request: web.Request) -> web.Response:
    found = request.app[TRIALS].get(request.match_info["id"])
    if found is None:
        return answer(
            {"fault": "This trial is over: another one was started, or it was stopped."}, 404
        )
    return answer(found.shown())


@routes.delete(r"/api/recipes/trial/{id:[0-9a-f]{16}}")
async def stop(request: web.Request) -> web.Response:
    if request.app[TRIALS].get(request.match_info["id"]):
        await request.app[TRIALS].stop()
    return answer({})


@routes.get(r"/api/recipes/trial/{id:[0-9a-f]{16}}/report")
async def report(request: web.Request) -> web.StreamResponse:
    found = request.app[TRIALS].get(request.match_info["id"])
    if found is None or found.state != "done":
        raise web.HTTPNotFound(text="there is no report of this trial\n")
    return web.FileResponse(found.page, headers=FRAME_HEADERS)


@routes.post("/api/recipes/publish")
async def publish(request: web.Request) -> web.Response:
    """Publishes a draft, if the header has the key. Answers when it comes into force."""
    key = request.app[KEY]
    if not key.is_set:
        return answer({"fault": f"This console only reads: {SETTING} is not set."}, 403)
    if not await key.admits(request.headers.get(KEY_HEADER, "")):
        return answer({"fault": "The key is wrong.", "field": "key"}, 403)
    wanted = await _posted_json(request, PublishRequest)
    tail = request.app[READER].tail
    if tail.state != "up" or tail.behind is None:
        return answer({"fault": "No broker answers: look at the history, then try again."}, 503)
    if wanted.newest != request.app[DOCUMENTS].newest:
        fault = "Somebody else has published meanwhile: look at the history, then try again."
        return answer({"fault": fault}, 409)
    found = await _draft(request, wanted.text)
    if found.document is None:
        why = found.faults[0].why
        return answer({"fault": f"The draft has a mistake: {why}"}, 422)
    return await _published(request, wanted, found.document)


async def _published(
    request: web.Request, wanted: PublishRequest, document: Mapping[str, Any]
) -> web.Response:
    settings, content = request.app[SETTINGS], dict(document)
    by = wanted.by.strip() or publisher.somebody()
    try:
        start = publisher.start(wanted.start, datetime.now(UTC)) if wanted.start.strip() else None
    except ValueError as error:
        return answer({"fault": str(error), "field": "start"}, 422)
    try:
        async with asyncio.timeout(TIMEOUT_S):
            created = await asyncio.to_thread(publisher.make_topics, settings, content)
            found = await publisher.publish(settings, content, start, by, wanted.note.strip())
    except (RecipesError, SettingsError, TopicsError, TopicsMissing) as error:
        return answer({"fault": str(error)}, 409)
    except TopicAuthorizationFailedError:
        fault = "The console's Kafka user may not write to the topic recipes: give it the role publisher."
        return answer({"fault": fault}, 403)
    except (KafkaError, KafkaPythonError, OSError, TimeoutError) as error:
        return answer({"fault": f"The broker refused the record ({type(error).__name__})."}, 503)
    return answer({"number": found.number, "since": found.since, "made": created}, 201)
