"""Reads the keys and secrets of a request, which each SDK sends in a place of its own. `senders` checks them.

Source: docs/connect.md, 1.
"""

import binascii
from base64 import b64decode
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import msgspec

from agents.faces.post import Post
from stream.connect.ga4_hits import unwrapped
from stream.connect.posthog_message import document_of
from stream.connect.reading import first, listing, mapping, parse, text
from stream.connect.request import Request
from stream.connect.urls import parameters


class Credentials(NamedTuple):
    """The keys and secrets of a request. None repeats, none is empty."""

    keys: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()


class _Head(msgspec.Struct):
    """The fields of a document that name its source. The decoder skips all others."""

    writeKey: Any = None
    api_key: Any = None
    token: Any = None


class _Batch(_Head):
    batch: list[_Head] = []


_head: Final = msgspec.json.Decoder(_Head).decode
_batch: Final = msgspec.json.Decoder(_Batch).decode
TOKENS: Final = ("api_key", "token", "properties.token", "properties.api_key", "$token")


def write_key(post: Post) -> Credentials:
    """Segment and RudderStack: the user of basic authentication, or `writeKey` in the query or the body."""
    user, _ = _basic(post)
    in_body = _write_key_of_body(post) if post.body else None
    return _both(user, post.query.get("writeKey"), in_body)


def _write_key_of_body(post: Post) -> Any:
    """The key of a document, else of the first message that has one."""
    try:
        document = _batch(post.body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        other = _document(post.body)
        key = other.writeKey if isinstance(other, _Head) else first(other, "writeKey")
        return key or _first_of(post.body, "batch", "writeKey")
    return document.writeKey or next(
        (each.writeKey for each in document.batch if each.writeKey), None
    )


def _document(body: bytes) -> Any:
    try:
        return _head(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return parse(body)


def _first_of(body: bytes, batch: str, name: str) -> Any:
    """A field of the first message that has it: the message before may be unreadable. SDKs send the same value in all."""
    document = parse(body)
    messages = document if isinstance(document, list) else mapping(document).get(batch)
    return next(_each(listing(messages), name), None)


def _each(messages: list[Any], *names: str) -> Iterator[str]:
    """The value of each message that has one under one of these names."""
    return (value for each in messages if (value := text(first(each, *names))) is not None)


def project_token(post: Post) -> Credentials:
    """PostHog: in the event, in the envelope of a batch, or as a bearer token."""
    tokens = [post.query.get("token"), post.query.get("api_key"), _bearer(post)]
    if post.body[:1] == b"{":
        head = _document(post.body)
        if isinstance(head, _Head):
            tokens += [head.api_key, head.token]
    if not any(tokens):
        given = Request(post.path, post.query, post.headers, post.body, post.method)
        document = document_of(given)
        batch = document if isinstance(document, list) else listing(first(document, "batch"))
        tokens += [first(document, *TOKENS), next(_each(batch, *TOKENS), None)]
    return _both(*tokens)


def site(post: Post) -> Credentials:
    """Matomo: the site's number is the key, and `token_auth` is the secret."""
    if post.body.lstrip()[:1] in (b"{", b"["):
        document = parse(post.body)
        bulk = document if isinstance(document, list) else listing(first(document, "requests"))
        hits = [parameters(each) if isinstance(each, str) else mapping(each) for each in bulk]
        hit = next((each for each in hits if text(each.get("idsite"))), next(iter(hits), {}))
        token = first(document, "token_auth") or hit.get("token_auth")
        return Credentials(_some({**post.query, **hit}.get("idsite")), _some(token))
    hit = {**post.query, **parameters(post.body.decode("utf-8", "replace").strip())}
    return Credentials(_some(hit.get("idsite")), _some(hit.get("token_auth")))


def stream(post: Post) -> Credentials:
    """GA4: the data stream's id is the key, and the Measurement Protocol's `api_secret` is the secret."""
    query = unwrapped(post.query)
    ids = _some(*(query.get(name) for name in ("tid", "measurement_id", "firebase_app_id")))
    return Credentials(ids or _stream_of_lines(post.body), _some(query.get("api_secret")))


def _stream_of_lines(body: bytes) -> tuple[str, ...]:
    """The data stream's id in the first line that has one: what relays a hit may put all of it into the body."""
    if b"tid=" not in body:
        return ()
    lines = body.decode("utf-8", "replace").splitlines()
    return _some(next((tid for line in lines if (tid := parameters(line).get("tid"))), None))


class _Tracked(msgspec.Struct):
    aid: str | None = None


class _Payload(msgspec.Struct):
    data: list[_Tracked] = []


_payload: Final = msgspec.json.Decoder(_Payload).decode


def app(post: Post) -> Credentials:
    """Snowplow: the app id of the query, or of the first event that has one."""
    app_id = post.query.get("aid")
    if post.body and not app_id:
        try:
            app_id = next((each.aid for each in _payload(post.body).data if each.aid), None)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            app_id = _first_of(post.body, "data", "aid")
    return Credentials(_some(app_id))


def token(post: Post) -> Credentials:
    """Webhooks without a signature: in the URL, as a bearer token, or in basic authentication."""
    query = (post.query.get(name) for name in ("key", "access_token"))
    return _both(_bearer(post), *_basic(post), *query)


def _bearer(post: Post) -> str | None:
    """The bearer token of RFC 6750."""
    scheme, _, given = post.headers.get("authorization", "").partition(" ")
    return given.strip() if scheme.lower() == "bearer" else None


def _basic(post: Post) -> tuple[str | None, str | None]:
    """User and password of basic authentication, RFC 7617; (None, None) without them."""
    scheme, _, given = post.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None, None
    try:
        user, _, password = b64decode(given.strip()).decode("utf-8", "replace").partition(":")
    except (binascii.Error, ValueError):
        return None, None
    return user, password


def _some(*values: Any) -> tuple[str, ...]:
    """The values that are text, without repeats."""
    found = list[str]()
    for each in values:
        plain = text(each)
        if plain is not None and plain not in found:
            found.append(plain)
    return tuple(found)


def _both(*values: Any) -> Credentials:
    """Values that may be keys or secrets. The sources file says which of the two each one is."""
    texts = _some(*values)
    return Credentials(texts, texts)
