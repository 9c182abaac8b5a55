"""Reads bodies in the form of our own events, field by field. Source: docs/semantics.md, 2."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from stream.connect import items, pages
from stream.connect.consent import CHANNELS
from stream.connect.ids import identifier, thing
from stream.connect.lost import Lost, marked
from stream.connect.money import currency
from stream.connect.reading import listing, mapping, number, text, whole
from stream.connect.source import Source
from stream.connect.translation import compact

Read = Callable[[dict[str, Any], Source], dict[str, Any] | None]
"""The body. None if an essential field cannot be read."""

SIGNALS: Final = frozenset(
    {
        *("pointer_top", "close_shortcut", "back", "tab_hidden"),
        *("scroll_up", "window_blur", "idle", "landing_return"),
    }
)


def _page(data: dict[str, Any], source: Source) -> dict[str, Any]:
    page = mapping(data.get("page"))
    return {"page": pages.page(page.get("path"), page.get("title"), page.get("kind"))}


def _product(data: dict[str, Any], source: Source) -> dict[str, Any] | None:
    product = items.product(source, None, **_fields(mapping(data.get("product")), "id"))
    return {"product": product} if product else None


def _text(name: str) -> Read:
    def read(data: dict[str, Any], source: Source) -> dict[str, Any] | None:
        given = text(data.get(name))
        return {name: given} if given else None

    return read


def _cart(data: dict[str, Any], source: Source) -> dict[str, Any] | None:
    cart = mapping(data.get("cart"))
    if not isinstance(cart.get("items"), list):
        return None
    code = currency(cart.get("currency"))
    lines = [items.item(source, code, **_fields(mapping(each))) for each in listing(cart["items"])]
    return {
        "cart": items.cart(
            source,
            lines,
            id=identifier(cart.get("id")),
            version=whole(cart.get("version")),
            url=cart.get("url"),
            currency=code,
        )
    }


def _added(data: dict[str, Any], source: Source) -> dict[str, Any] | None:
    line = items.item(source, None, **_fields(mapping(data.get("item"))))
    return {"item": line} if line else None


def _removed(data: dict[str, Any], source: Source) -> dict[str, Any] | None:
    line = items.removed(**_fields(mapping(data.get("item"))))
    return {"item": line} if line else None


def _stage(data: dict[str, Any], source: Source) -> dict[str, Any] | None:
    stage = pages.stage(source.steps, data.get("stage"))
    return {"stage": stage} if stage else None


def _nothing(data: dict[str, Any], source: Source) -> dict[str, Any]:
    return {}


def _failed(data: dict[str, Any], source: Source) -> dict[str, Any]:
    order = mapping(data.get("order"))
    return {"code": text(data.get("code")), "order": _recurring(order, identifier(order.get("id")))}


def _order(data: dict[str, Any], source: Source) -> dict[str, Any]:
    order = mapping(data.get("order"))
    code = currency(order.get("currency"))
    placed = items.order(
        source,
        id=order.get("id"),
        value=order.get("value"),
        currency=order.get("currency"),
        cart_id=identifier(order.get("cart_id")),
        lines=[_ordered(mapping(each), source, code) for each in listing(order.get("items"))],
    )
    return {"order": {**placed, **_recurring(order, None)}, **_imported(data)}


def _ordered(line: dict[str, Any], source: Source, code: str | None) -> dict[str, Any] | None:
    return items.ordered(source, code, renews=line.get("renews") is True, **_fields(line))


def _imported(data: dict[str, Any]) -> dict[str, Any]:
    imported = data.get("imported")
    return {"imported": imported} if isinstance(imported, bool) else {}


def _recurring(order: dict[str, Any], id: str | None) -> dict[str, Any]:
    recurring = order.get("recurring")
    return compact(id=id, recurring=recurring if isinstance(recurring, bool) else None)


def _cancelled(data: dict[str, Any], source: Source) -> dict[str, Any] | None:
    order = thing(mapping(data.get("order")).get("id"))
    return {"order": {"id": order}} if order else None


def _identified(data: dict[str, Any], source: Source) -> dict[str, Any]:
    traits, contacts = mapping(data.get("traits")), data.get("contacts")
    known = [name for name in REACHING if name in listing(contacts)]
    read = {
        "contacts": known if known or contacts == [] else None,
        "traits": items.traits(traits.get("orders"), traits.get("value")),
        "time_zone": text(data.get("time_zone")),
    }
    return marked(read, _unknown("contacts", contacts, REACHING))


REACHING: Final = CHANNELS[:4]
"""Channels that reach somebody who is not on the page."""


def _consent(data: dict[str, Any], source: Source) -> dict[str, Any] | None:
    """An empty list withdraws all."""
    given, granted = data.get("channels"), data.get("granted")
    channels = _channels("all" if given == [] and granted is False else given)
    if not channels or not isinstance(granted, bool):
        return None
    return marked({"channels": channels, "granted": granted}, _unknown("channels", given))


def _subscribed(data: dict[str, Any], source: Source) -> dict[str, Any] | None:
    given = data.get("channels")
    channels = _channels(given)
    if not channels:
        return None
    return marked({"channels": channels, **_imported(data)}, _unknown("channels", given))


def _channels(given: Any) -> list[str]:
    return [name for name in CHANNELS if given == "all" or name in listing(given)]


def _unknown(field: str, given: Any, known: Sequence[str] = CHANNELS) -> Lost:
    """The unknown channels of a list."""
    named = enumerate(listing(given))
    return [(f"{field}[{at}]", NO_CHANNEL) for at, name in named if name not in known]


NO_CHANNEL: Final = "no_channel"


def _signal(data: dict[str, Any], source: Source) -> dict[str, Any] | None:
    signal, focus = text(data.get("signal")), data.get("form_focus")
    if signal not in SIGNALS:
        return None
    held = number(data.get("held_ms"))
    form_focus = focus if isinstance(focus, bool) else None
    return {"signal": signal, "held_ms": held, "form_focus": form_focus}


def _fields(given: dict[str, Any], id: str = "product_id") -> dict[str, Any]:
    names = ("name", "category", "price", "currency", "url", "image", "quantity")
    fields = {name: given.get(name) for name in names}
    return {**fields, "id": given.get(id), "variant": given.get("variant_id")}


BODIES: Final[Mapping[str, Read]] = {
    "page.viewed": _page,
    "product.viewed": _product,
    "category.viewed": _text("category"),
    "search.performed": _text("query"),
    "cart.updated": _cart,
    "cart.item_added": _added,
    "cart.item_removed": _removed,
    "checkout.started": _nothing,
    "checkout.advanced": _stage,
    "payment.failed": _failed,
    "activity.pinged": _nothing,
    "order.placed": _order,
    "order.cancelled": _cancelled,
    "order.delivered": _cancelled,
    "visitor.identified": _identified,
    "consent.changed": _consent,
    "visitor.subscribed": _subscribed,
    "person.erased": _nothing,
    "exit.signal": _signal,
}
