"""Finds the face for a path. An SDK's paths work at the root and below a source's own address.

`/connect/<kind>/<name>` is a source's own address. Webhooks post there, and an SDK may use it as its server. A key of
the source may replace its name. Source: docs/connect.md, 1.
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
"""By path, without the final slash that some SDKs add: the allowed methods, and the face."""

TRACKER: Final = re.compile(r"/[\w-]+(\.[\w-]+)+/[\w-]+|/[\w-]+/tp2")
"""A path that somebody configured in a Snowplow tracker, such as `/com.shop.events/track`, or Adobe's `/collector/tp2`."""

QUIET: Final[dict[str, Reply]] = {
    "/flags": answers.NO_FLAGS,
    "/decide": answers.NO_FLAGS,
    "/s": answers.STATUS_OK,
    "/v1/m": answers.SUCCESS,
    "/rsaMetrics": answers.SUCCESS,
    "/debug/mp/collect": Reply(200, b'{"validationMessages":[]}', "application/json"),
}
"""Calls of SDKs that carry no events: feature flags, recordings, the SDK's own metrics. Nothing of them is kept."""

SLASHES: Final = re.compile("/{2,}")
CONFIG: Final = re.compile(r"/array/[^/]+/config(\.js)?")


class Route(NamedTuple):
    """`name`: a source's name or key; None at the root. `rest`: the path below the source's own address."""

    face: Face
    name: str | None
    rest: str


def route_of(method: str, path: str) -> Route | Reply:
    """The route of a request to its face, or the reply if the request reaches no face.

    An address of the collector that ends with a slash gives some SDKs paths such as `//e/`.
    """
    if "//" in path:
        path = SLASHES.sub("/", path)
    if path.startswith(OWN):
        return _own(method, path)
    plain = path.rstrip("/")
    entry = FACES.get(plain)
    if entry is not None:
        methods, found = entry
        return Route(found, None, plain) if method in methods else NOT_ALLOWED
    if method == "POST" and TRACKER.fullmatch(plain):
        return Route(face.SNOWPLOW, None, plain)
    return _quiet(plain)


def _own(method: str, path: str) -> Route | Reply:
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
    return Route(found, name, rest or path) if method in allowed else NOT_ALLOWED


def _quiet(path: str) -> Reply:
    config = CONFIG.fullmatch(path)
    if config is not None:
        return answers.NO_SCRIPT if config[1] else answers.NO_FLAGS
    return QUIET.get(path, answers.NOT_FOUND)


NOT_ALLOWED: Final = answers.fault(405, "method_not_allowed", "expected another method here")
