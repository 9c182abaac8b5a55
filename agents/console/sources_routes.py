"""The routes of the sources page: the figures of each source, and its last requests."""

from collections.abc import Iterable
from typing import Final

from aiohttp import web

from agents.console.collectors import SETTING, Sources
from agents.console.routes import LONGEST, answer
from agents.faces.request_log import SETTING as KEY_SETTING
from agents.faces.why_left_out import WHY

SOURCES: Final = web.AppKey("sources", Sources)

routes = web.RouteTableDef()


def add_routes(app: web.Application) -> None:
    app.add_routes(routes)


@routes.get("/api/sources")
async def sources(request: web.Request) -> web.Response:
    sources = request.app[SOURCES]
    found, faults = await sources.figures()
    return answer(
        {
            "sources": found,
            "why": _why(reason for each in found for reason, _ in each.left_out),
            "faults": faults,
            "collectors": len(sources.at),
            "may_look": sources.may_look,
            "settings": [SETTING, KEY_SETTING],
        }
    )


@routes.get("/api/sources/{name}/requests")
async def requests(request: web.Request) -> web.Response:
    sources, name = request.app[SOURCES], request.match_info["name"]
    if not sources.may_look or len(name) > LONGEST:
        return answer(
            {"fault": f"Requests are not shown here: set {SETTING} and {KEY_SETTING}."}, 403
        )
    found, faults = await sources.requests(name)
    left_out = (part for each in found for part in each["became"]["left_out"])
    why = _why(reason for _, reason, _ in left_out)
    return answer({"requests": found, "why": why, "faults": faults})


def _why(reasons: Iterable[str]) -> dict[str, str]:
    """A clause for each reason."""
    return {each: WHY[each] for each in sorted(set(reasons)) if each in WHY}
