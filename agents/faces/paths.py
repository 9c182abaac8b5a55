"""Which path is whose. Every path of an SDK is answered at the root, and below a source's own address.

`/connect/<kind>/<name>` is a source's own address: webhooks are sent there, and an SDK may be given it as its
server. In the place of the name a key of the source may stand. Source: docs/connect.md, 1.
"""

import re
from typing import Final, NamedTuple

from agents.faces import answers, face
from agents.faces.face import DEFAULTS, Face
from agents.faces.post import Reply

OWN: Final = "/connect/"
GET: Final = frozenset({"GET", "HEAD"})
POSTED: Final = frozenset({"POST"})
EITHER: Final = GET | POSTED

SEGMENT_TYPES: Final = """alias batch group identify import merge page screen track
a b g i p s t"""
POSTHOG_PATHS: Final = (
    """/batch /capture /e /engage /i/v0/e /i/v1/e /i/v0/ai /i/v0/ai/batch /track"""
)

FACES: Final[dict[str, tuple[frozenset[str], Face]]] = {
    **{f"/v1/{name}": (POSTED, face.SEGMENT) for name in SEGMENT_TYPES.split()},
    "/beacon/v1/batch": (POSTED, face.SEGMENT),
    **{f"/pixel/v1/{name}": (GET, face.SEGMENT_PIXEL) for name in ("track", "page")},
    **dict.fromkeys(POSTHOG_PATHS.split(), (EITHER, face.POSTHOG)),
    "/i/v1/analytics/events": (POSTED, face.POSTHOG_V1),
    "/matomo.php": (EITHER, face.MATOMO),
    "/piwik.php": (EITHER, face.MATOMO),
    "/g/collect": (EITHER, face.GA4_TAG),
    "/mp/collect": (POSTED, face.GA4_PROTOCOL),
    "/com.snowplowanalytics.snowplow/tp2": (POSTED, face.SNOWPLOW),
    "/i": (GET, face.SNOWPLOW_PIXEL),
    "/ice.png": (GET, face.SNOWPLOW_PIXEL),
}
"""Without the slash that some SDKs end them with."""

TRACKER: Final = re.compile(r"/[\w-]+(\.[\w-]+)+/[\w-]+|/[\w-]+/tp2")
"""A path that a Snowplow tracker was told to post to, such as `/com.shop.events/track`, or Adobe's `/collector/tp2`."""

QUIET: Final[dict[str, Reply]] = {
    "/flags": answers.NO_FLAGS,
    "/decide": answers.NO_FLAGS,
    "/s": answers.STATUS_OK,
    "/v1/m": answers.SUCCESS,
    "/debug/mp/collect": Reply(200, b'{"validationMessages":[]}', "application/json"),
}
"""Calls that an SDK makes beside its events: feature flags, recordings, its own figures. Nothing of them is kept."""

CONFIG: Final = re.compile(r"/array/[^/]+/config(\.js)?")


class Way(NamedTuple):
    """`name`: of a source, or a key of it; None at the root. `rest`: the path that the SDK means."""

    face: Face
    name: str | None
    rest: str


def way_of(method: str, path: str) -> Way | Reply:
    """Who answers a request, or what is answered without looking into it."""
    if path.startswith(OWN):
        return _own(method, path)
    plain = path.rstrip("/")
    told = FACES.get(plain)
    if told is not None:
        return Way(told[1], None, plain) if method in told[0] else NOT_ALLOWED
    if method == "POST" and TRACKER.fullmatch(plain):
        return Way(face.SNOWPLOW, None, plain)
    return _quiet(plain)


def _own(method: str, path: str) -> Way | Reply:
    kind, _, below = path.removeprefix(OWN).partition("/")
    name, slash, rest = below.partition("/")
    if kind not in DEFAULTS or not name:
        return answers.NOT_FOUND
    rest = f"{slash}{rest}".rstrip("/")
    quiet = _quiet(rest)
    if quiet is not answers.NOT_FOUND:
        return quiet
    allowed, found = FACES.get(rest, (EITHER, DEFAULTS[kind]))
    if kind not in found.kinds:
        allowed, found = EITHER, DEFAULTS[kind]
    if found is face.SNOWPLOW and method in GET:
        found = face.SNOWPLOW_PIXEL
    if found is face.ADOBE and TRACKER.fullmatch(rest):
        found = face.SNOWPLOW
    return Way(found, name, rest or path) if method in allowed else NOT_ALLOWED


def _quiet(path: str) -> Reply:
    config = CONFIG.fullmatch(path)
    if config is not None:
        return answers.NO_SCRIPT if config[1] else answers.NO_FLAGS
    return QUIET.get(path, answers.NOT_FOUND)


NOT_ALLOWED: Final = answers.fault(405, "method_not_allowed", "expected another method here")
