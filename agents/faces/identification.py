"""Keys and secrets that a request shows, each where its SDK puts them. Nothing here decides whether they count.

Source: docs/connect.md, 1.
"""

import binascii
from base64 import b64decode
from typing import Any, Final, NamedTuple

import msgspec

from agents.faces.post import Post
from stream.connect.ga4_hits import unwrapped
from stream.connect.posthog_message import document_of
from stream.connect.reading import first, listing, mapping, parse, text
from stream.connect.request import Request
from stream.connect.urls import parameters


class Shown(NamedTuple):
    """Without repeats, without empty ones."""

    keys: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()


class _Head(msgspec.Struct):
    """What tells of a document whose it is. The rest is not read."""

    writeKey: Any = None
    api_key: Any = None
    token: Any = None


_head: Final = msgspec.json.Decoder(_Head).decode
TOKENS: Final = ("api_key", "token", "properties.token", "properties.api_key")


def write_key(post: Post) -> Shown:
    """Segment and RudderStack: as a user without a password, in the body, in the query."""
    user, _ = _basic(post)
    told = (user, post.query.get("writeKey"), _written(post) if post.body else None)
    return _both(*told)


def _written(post: Post) -> Any:
    document = _document(post.body)
    if isinstance(document, _Head):
        return document.writeKey or _first_of(post.body, "batch", "writeKey")
    return first(document, "writeKey") or _first_of(post.body, "batch", "writeKey")


def _document(body: bytes) -> Any:
    try:
        return _head(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return parse(body)


def _first_of(body: bytes, batch: str, name: str) -> Any:
    """A field of the first message: SDKs repeat in each what is the same in all."""
    document = parse(body)
    found = document if isinstance(document, list) else mapping(document).get(batch)
    return first(next(iter(listing(found)), None), name)


def project_token(post: Post) -> Shown:
    """PostHog: in the event, in the envelope of a batch, or as a bearer's."""
    told = [post.query.get("token"), post.query.get("api_key"), _bearer(post)]
    if post.body[:1] == b"{":
        head = _document(post.body)
        if isinstance(head, _Head):
            told += [head.api_key, head.token]
    if not any(told):
        given = Request(post.path, post.query, post.headers, post.body, post.method)
        document = document_of(given)
        batch = document if isinstance(document, list) else listing(first(document, "batch"))
        told += [first(each, *TOKENS) for each in (document, next(iter(batch), None))]
    return _both(*told)


def site(post: Post) -> Shown:
    """Matomo: the site's number, and the token of who may say more than a browser."""
    if post.body.lstrip()[:1] in (b"{", b"["):
        document = parse(post.body)
        bulk = document if isinstance(document, list) else listing(first(document, "requests"))
        one = next(iter(bulk), None)
        hit = parameters(one) if isinstance(one, str) else mapping(one)
        told = {**post.query, **hit, **{"token_auth": first(document, "token_auth")}}
        token = told["token_auth"] or hit.get("token_auth")
        return Shown(_some(told.get("idsite")), _some(token))
    hit = {**post.query, **parameters(post.body.decode("utf-8", "replace").strip())}
    return Shown(_some(hit.get("idsite")), _some(hit.get("token_auth")))


def stream(post: Post) -> Shown:
    """GA4: the stream of a tag, or of the Measurement Protocol with its secret."""
    query = unwrapped(post.query)
    told = (query.get("tid"), query.get("measurement_id"), query.get("firebase_app_id"))
    return Shown(_some(*told), _some(query.get("api_secret")))


class _Tracked(msgspec.Struct):
    aid: str | None = None


class _Payload(msgspec.Struct):
    data: list[_Tracked] = []


_payload: Final = msgspec.json.Decoder(_Payload).decode


def app(post: Post) -> Shown:
    """Snowplow: the app's id of the first event."""
    told = post.query.get("aid")
    if post.body and not told:
        try:
            told = next((each.aid for each in _payload(post.body).data), None)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            told = _first_of(post.body, "data", "aid")
    return Shown(_some(told))


def token(post: Post) -> Shown:
    """Of webhooks without a signature: in the URL, as a bearer's, or as a password."""
    query = (post.query.get(name) for name in ("key", "access_token"))
    return _both(_bearer(post), *_basic(post), *query)


def _bearer(post: Post) -> str | None:
    """RFC 6750."""
    scheme, _, given = post.headers.get("authorization", "").partition(" ")
    return given.strip() if scheme.lower() == "bearer" else None


def _basic(post: Post) -> tuple[str | None, str | None]:
    """User and password; RFC 7617."""
    scheme, _, given = post.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None, None
    try:
        user, _, password = b64decode(given.strip()).decode("utf-8", "replace").partition(":")
    except (binascii.Error, ValueError):
        return None, None
    return user, password


def _some(*told: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(found for each in told if (found := text(each)) is not None))


def _both(*told: Any) -> Shown:
    """A key that is kept secret is a secret."""
    found = _some(*told)
    return Shown(found, found)
