"""Matomo: one request's parameters, or a bulk of requests. Its cart is the whole cart. Source: docs/connect.md, 1.7."""

from collections.abc import Callable
from typing import Any, Final

from stream.connect import commerce_names, items, pages
from stream.connect.commerce import Body, TrackedEvent, add_events, nothing
from stream.connect.contact import addresses_of, contact_keys, customer_id
from stream.connect.events import Who
from stream.connect.ids import content_id, identifier
from stream.connect.reading import UNREADABLE, dig, document_in, listing, number, parse, text, words
from stream.connect.request import Given, Record, body_of
from stream.connect.source import Source
from stream.connect.times import EARLIEST, client_time
from stream.connect.translation import Translation
from stream.connect.urls import parameters

PREFIX: Final = "mt"
UNSTABLE: Final = frozenset({"token_auth", "send_image", "queuedtracking", "cdo"})
"""Parameters that differ in a repeat of the same request."""

Hit = dict[str, Any]


def translate(given: Given, source: Source, now: int) -> Translation:
    out = Translation()
    hits = _hits(given)
    if hits is None:
        out.refuse(0, "not_json")
        return out
    for index, (path, each) in enumerate(hits):
        hit = parameters(each) if isinstance(each, str) else each
        if not isinstance(hit, dict):
            out.refuse(index, "not_an_object")
            continue
        hit = _renewed(hit)
        tracked = _tracked(hit, path, source, now)
        row = next(row for is_so, row in ROWS if is_so(hit))
        add_events(tracked, row(tracked, source, out), out)
    return out


def _hits(given: Given) -> list[tuple[str, Any]] | None:
    """The requests of a bulk, each a string or an object; else the parameters of query and form."""
    body = body_of(given)
    query: Hit = {} if isinstance(given, Record) else dict(given.query)
    if not body.lstrip().startswith((b"{", b"[")):
        return [("$", {**query, **parameters(body.decode("utf-8", "replace").strip())})]
    document = parse(body)
    if document is UNREADABLE:
        return None
    bulk = document if isinstance(document, list) else dig(document, "requests")
    if not isinstance(bulk, list):
        return [("$", document)]
    base = "$" if isinstance(document, list) else "$.requests"
    token = {"token_auth": document["token_auth"]} if "token_auth" in dict_of(document) else {}
    return [(f"{base}[{index}]", _with(each, token)) for index, each in enumerate(bulk)]


def dict_of(document: Any) -> Hit:
    return document if isinstance(document, dict) else {}


def _with(each: Any, token: Hit) -> Any:
    hit = parameters(each) if isinstance(each, str) else each
    return {**token, **hit} if isinstance(hit, dict) else each


def _renewed(hit: Hit) -> Hit:
    """The request in the form of Matomo 4. Before it the product stood among the page's own variables."""
    written = hit.get("cvar")
    if not isinstance(written, str) or "_pk" not in written:
        return hit
    own = dict_of(document_in(written)).values()
    pairs = [pair for pair in own if isinstance(pair, list) and len(pair) == 2]
    product = {name: value for name, value in pairs if name in ("_pks", "_pkn", "_pkc", "_pkp")}
    return {**product, **hit}


def _tracked(hit: Hit, path: str, source: Source, now: int) -> TrackedEvent:
    user = hit.get("uid")
    return TrackedEvent(
        id=content_id(PREFIX, {name: value for name, value in hit.items() if name not in UNSTABLE}),
        name=_name(hit),
        properties=hit,
        page={"path": hit.get("url"), "title": hit.get("action_name")},
        who=Who(
            visitor=identifier(hit.get("_id")) or identifier(hit.get("cid")),
            customer=customer_id(user),
            keys=contact_keys(source, *addresses_of(user, None, None)),
            client_time=_client_time(hit, source, now),
        ),
        browser=True,
        path=path,
    )


def _name(hit: Hit) -> str:
    """The name of a request that was left out: its own event, or what it tracks."""
    return (
        text(hit.get("e_a")) or text(hit.get("e_c")) or ("ecommerce" if _is_shop(hit) else "page")
    )


def _client_time(hit: Hit, source: Source, now: int) -> int | None:
    """When it happened (ms). `cdo`: seconds that it waited · `cdt`: a time, which counts only from a server."""
    waited = number(hit.get("cdo"))
    if waited is not None and 0 <= waited * 1000 <= now - EARLIEST:
        return now - int(waited * 1000)
    server = source.trust == "server"
    return client_time(now, None, hit.get("cdt"), server)


def _is_shop(hit: Hit) -> bool:
    return text(hit.get("idgoal")) == "0"


def _has(*names: str) -> Callable[[Hit], bool]:
    return lambda hit: any(text(hit.get(name)) is not None for name in names)


def _is_order(hit: Hit) -> bool:
    return _is_shop(hit) and text(hit.get("ec_id")) is not None


def _cart(tracked: TrackedEvent, source: Source, out: Translation) -> list[Body]:
    """Each line is [sku, name, category or up to five, price, quantity]. A cart worth 0 is empty: trackers for servers and
    apps send no list then."""
    rows = _rows(tracked)
    if rows is None and number(tracked.properties.get("revenue")) == 0:
        rows = []
    if rows is None:
        return nothing(tracked, out, "no_items")
    cart = items.cart(source, [items.item(source, None, **_line(row)) for row in rows])
    return [("cart.updated", {"cart": cart})]


def _rows(tracked: TrackedEvent) -> list[Any] | None:
    rows = document_in(tracked.properties.get("ec_items"))
    return rows if isinstance(rows, list) else None


def _line(row: Any) -> dict[str, Any]:
    sku, name, category, price, quantity = [*listing(row), *[None] * 5][:5]
    fields = {"name": name, "category": _category(category), "price": price, "quantity": quantity}
    return {"id": sku, **fields}


def _category(value: Any) -> str | None:
    """The category, or the first of several. They may be written as JSON."""
    document = value
    if isinstance(value, str) and value.startswith("["):
        document = document_in(value)
    return next((text(each) for each in listing(document) if text(each)), None) or text(document)


def _order(tracked: TrackedEvent, source: Source, out: Translation) -> list[Body]:
    """An order. Its currency comes from the source's setting, because Matomo does not send it."""
    hit = tracked.properties
    lines = [items.ordered(source, None, **_line(row)) for row in _rows(tracked) or ()]
    order = items.order(source, id=hit.get("ec_id"), value=hit.get("revenue"), lines=lines)
    return [("order.placed", {"order": order})]


def _product(tracked: TrackedEvent, source: Source, out: Translation) -> list[Body]:
    hit = tracked.properties
    product = items.product(
        source,
        None,
        id=hit.get("_pks"),
        name=hit.get("_pkn"),
        category=_category(hit.get("_pkc")),
        price=hit.get("_pkp"),
        url=hit.get("url"),
    )
    return [("product.viewed", {"product": product})] if product else _page(tracked, source, out)


def _list(tracked: TrackedEvent, source: Source, out: Translation) -> list[Body]:
    category = _category(tracked.properties.get("_pkc"))
    if category is None:
        return _page(tracked, source, out)
    return [("category.viewed", {"category": category})]


def _search(tracked: TrackedEvent, source: Source, out: Translation) -> list[Body]:
    return [("search.performed", {"query": text(tracked.properties.get("search"))})]


def _page(tracked: TrackedEvent, source: Source, out: Translation) -> list[Body]:
    return [("page.viewed", {"page": pages.page(tracked.page["path"], tracked.page["title"])})]


def _event(tracked: TrackedEvent, source: Source, out: Translation) -> list[Body]:
    """An event of the shop's own, by the shop's table. Its name is its subject."""
    if words(tracked.name) not in {words(name) for name in source.events}:
        return _ping(tracked, source, out)
    about = tracked.properties.get("e_n")
    properties = dict.fromkeys(
        ("step_name", "query", "category", "code", "product_id", "order_id"), about
    )
    own = TrackedEvent(
        tracked.id,
        tracked.name,
        properties,
        tracked.page,
        tracked.who,
        tracked.browser,
        tracked.path,
    )
    return commerce_names.row_of(tracked.name, source)(own, source, out)


def _ping(tracked: TrackedEvent, source: Source, out: Translation) -> list[Body]:
    return [("activity.pinged", {})]


def _robot(tracked: TrackedEvent, source: Source, out: Translation) -> list[Body]:
    return nothing(tracked, out, "robot")


def _empty(tracked: TrackedEvent, source: Source, out: Translation) -> list[Body]:
    return nothing(tracked, out, "empty")


Row = Callable[[TrackedEvent, Source, Translation], list[Body]]

PLUGINS: Final = ("ma_id", "fa_pv", "fa_vid", "hsr_vid")
"""What only requests of Matomo's media, form and heatmap plugins have. They name the page, but are no views of it."""

ROWS: Final[tuple[tuple[Callable[[Hit], bool], Row], ...]] = (
    (lambda hit: text(hit.get("recMode")) == "1", _robot),
    (_is_order, _order),
    (_is_shop, _cart),
    (_has("ping"), _ping),
    (_has("e_c", "e_a"), _event),
    (_has("c_i", "c_n", "link", "download", "idgoal", "ca", *PLUGINS), _ping),
    (_has("search"), _search),
    (_has("_pks"), _product),
    (_has("_pkc"), _list),
    (_has("url", "action_name"), _page),
    (lambda hit: True, _empty),
)
"""(which hits, their translation). The first row that fits counts."""
