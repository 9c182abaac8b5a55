"""Handles one request to a source as a collector would, for `connect try`. It reads the clock and sends nothing."""

import time
from typing import Final, NamedTuple

from agents.collector.validation import Judged
from agents.connect.signatures import SIGNED
from agents.connect.sources import Connected
from agents.connect.unpacking import unpacked
from agents.faces import batches
from agents.faces.face import DEFAULTS
from agents.faces.paths import OWN, Route, route_of
from agents.faces.post import Post, Reply
from agents.faces.reception import LIMITS, SAID, without_nobody
from agents.faces.senders import Senders, Unknown
from agents.faces.translated import is_unreadable, judged
from stream.connect.registry import translate
from stream.connect.request import Request
from stream.connect.translation import LeftOut
from stream.connect.urls import parameters

USUAL: Final = {
    "ga4": "/g/collect",
    "matomo": "/matomo.php",
    "posthog": "/e",
    "segment": "/v1/batch",
    "snowplow": "/com.snowplowanalytics.snowplow/tp2",
}
"""By the kind of a source: the path to which its SDKs post by default."""


KEY_IN_ADDRESS: Final = frozenset({"shopify-pixel"})
"""Kinds whose senders can show their key in the address only."""


class Tried(NamedTuple):
    """The result of a request. `path`: where it was posted · `answer`: the status that the sender would get, with a reason
    if it is a fault."""

    path: str
    judged: Judged
    left_out: list[LeftOut]
    answer: str


def addresses(each: Connected) -> list[str]:
    """The paths that accept requests of a source; none if only a bridge reads it. KEY stands for one of its keys."""
    if each.is_of_topics_alone:
        return []
    own = _own(each, "KEY")
    usual = USUAL.get(each.source.kind)
    return [own] if usual is None else [usual, own + usual]


def _own(each: Connected, key: str) -> str:
    """The path of the source's own face."""
    source = each.source
    is_by_key = source.kind in KEY_IN_ADDRESS and each.keys
    return f"{OWN}{source.kind}/{key if is_by_key else source.name}"


def tried(
    each: Connected,
    *,
    body: bytes,
    method: str = "POST",
    path: str | None = None,
    query: str = "",
    headers: dict[str, str],
    proven: bool = True,
) -> Tried:
    """The result of one request. `proven`: trusts it as if it had a secret. Raises UnknownPacking, Broken, TooLarge."""
    source = each.source
    where = path or USUAL.get(source.kind, _own(each, next(iter(each.keys), "")))
    route = _route(source.kind, method, where)
    plain = unpacked(body, headers.get("content-encoding", ""), LIMITS.unpacked)
    post = Post(method, route.rest, parameters(query), headers, body, plain)
    kept, cut_off = batches.within(plain)
    trusted = source if proven else Senders([each]).as_browser(source.name)
    given = Request(post.path, post.query, headers, kept, method)
    done = translate(source.kind, given, trusted, time.time_ns() // 1_000_000)
    if trusted.trust == "browser":
        without_nobody(done, headers)
    found = judged(done, kept, cut_off)
    return Tried(
        where, found, done.left_out, _answer(each, route, post, found, is_unreadable(done))
    )


def _route(kind: str, method: str, path: str) -> Route:
    """The route of a path. For a path of no face, or of another kind, it is the source's own face."""
    route = route_of(method, path)
    if isinstance(route, Reply) or kind not in route.face.kinds:
        return Route(DEFAULTS[kind], None, path)
    return route


def _answer(each: Connected, route: Route, post: Post, found: Judged, unreadable: bool) -> str:
    try:
        Senders([each]).admitted(route.face, route.name, post)
    except Unknown as unknown:
        return f"{SAID[unknown.reason][0]} {unknown.reason} ({_missing(each, post)})"
    if unreadable and route.face.unreadable >= 400:
        return f"{route.face.unreadable} not_json"
    return str(route.face.reply(post, len(found.refused)).status)


def _missing(each: Connected, post: Post) -> str:
    """What a request without a valid key or signature lacks, in words."""
    if each.is_of_topics_alone:
        return "only a bridge reads this source"
    signed = SIGNED.get(each.source.kind)
    if signed is None:
        given = [name for name in ("keys", "secrets") if getattr(each, name)]
        return f"the request has none of the source's {' or '.join(given)}"
    if signed.header in post.headers:
        return f"{signed.header} is of other bytes, or by another secret"
    return f"the request has no {signed.header}; with a right one the answer is 200"
