"""Section 2: reads the bodies of events into the fields that the rules use.

A reader raises Invalid for an unreadable essential field and drops any other unreadable field.
"""

from collections.abc import Callable, Mapping
from typing import Any

from tests.reference import reading

Body = dict[str, Any]
Reader = Callable[[Any], Any]

CONTACTS = ("email", "sms", "push", "messenger")
CHANNELS = (*CONTACTS, "onsite")
PAGES = ("home", "list", "product", "cart", "checkout", "payment", "confirmation", "other")
STAGES = ("contact", "shipping", "payment")
SIGNALS: tuple[str, ...] = ("pointer_top", "close_shortcut", "back", "tab_hidden", "scroll_up")
SIGNALS += ("window_blur", "idle", "landing_return")


class Invalid(Exception):
    """The line is no valid event."""


def one_of(choices: tuple[str, ...]) -> Reader:
    return lambda value: value if isinstance(value, str) and value in choices else None


def fields(source: Any, readers: Mapping[str, Reader]) -> Body:
    """The readable fields of an object."""
    if not isinstance(source, dict):
        return {}
    read = {name: reader(source.get(name)) for name, reader in readers.items()}
    return {name: value for name, value in read.items() if value is not None}


def essential(source: Any, name: str, reader: Reader) -> Any:
    value = reader(source.get(name)) if isinstance(source, dict) else None
    if value is None:
        raise Invalid(name)
    return value


def _object(value: Any) -> Any:
    return value if isinstance(value, dict) else None


def _list(value: Any) -> Any:
    return value if isinstance(value, list) else None


_LOOKS: dict[str, Reader] = {
    "name": reading.text,
    "category": reading.category,
    "price": reading.number,
    "url": reading.text,
    "image": reading.text,
}
_ITEM = _LOOKS | {
    "product_id": reading.identifier,
    "variant_id": reading.identifier,
    "quantity": reading.number,
    "currency": reading.text,
}


def _page(event: Body) -> Body:
    return {"kind": fields(event.get("page"), {"kind": one_of(PAGES)}).get("kind")}


def _product(event: Body) -> Body:
    product = essential(event, "product", _object)
    essential(product, "id", reading.identifier)
    return {"product": fields(product, _LOOKS | {"id": reading.identifier})}


def _category(event: Body) -> Body:
    return {"category": essential(event, "category", reading.category)}


def _search(event: Body) -> Body:
    return {"query": essential(event, "query", reading.text)}


def _cart(event: Body) -> Body:
    """Items without a readable product or with a quantity of 0 or less are dropped."""
    cart = essential(event, "cart", _object)
    items = [fields(item, _ITEM) for item in essential(cart, "items", _list)]
    lines = [{"quantity": 1, **item} for item in items if "product_id" in item]
    readers = {"id": reading.somebody, "version": reading.whole, "currency": reading.text}
    return {
        "cart": {"items": [line for line in lines if line["quantity"] > 0]} | fields(cart, readers)
    }


def _item(event: Body) -> Body:
    item = essential(event, "item", _object)
    essential(item, "product_id", reading.identifier)
    return {"item": fields(item, _ITEM)}


def _added(event: Body) -> Body:
    body = _item(event)
    return {"item": {"quantity": 1, **body["item"]}}


def _stage(event: Body) -> Body:
    return {"stage": essential(event, "stage", one_of(STAGES))}


def _failed(event: Body) -> Body:
    order = fields(event.get("order"), {"id": reading.somebody, "recurring": reading.flag})
    return {"order": order}


def _placed(event: Body) -> Body:
    """An order without an id gets its event's id."""
    readers = {
        "id": reading.identifier,
        "cart_id": reading.somebody,
        "recurring": reading.flag,
        "value": reading.number,
        "currency": reading.text,
        "items": _order_items,
    }
    order = {"id": f"event:{event['id']}"} | fields(event.get("order"), readers)
    return {"order": order} | fields(event, {"imported": reading.flag})


def _order_items(value: Any) -> list[Body] | None:
    if not isinstance(value, list):
        return None
    items = [fields(item, _ITEM | {"renews": reading.flag}) for item in value]
    lines = [{"quantity": 1, **item} for item in items if "product_id" in item]
    return [line for line in lines if line["quantity"] > 0]


def _subscribed(event: Body) -> Body:
    channels = _channels(event.get("channels"), granted=True)
    return {"channels": channels, "granted": True} | fields(event, {"imported": reading.flag})


def _cancelled(event: Body) -> Body:
    order = essential(event, "order", _object)
    return {"order": {"id": essential(order, "id", reading.identifier)}}


def _identified(event: Body) -> Body:
    """events.read checks that it has a `customer` or a key."""
    readers = {"contacts": _contacts, "traits": _traits, "time_zone": reading.text}
    return fields(event, readers)


def _contacts(value: Any) -> list[str] | None:
    """The contacts; only [] means none, an unreadable value is None."""
    if not isinstance(value, list):
        return None
    known = [each for each in value if each in CONTACTS]
    return known if known or not value else None


def _traits(value: Any) -> Body | None:
    return fields(value, {"orders": reading.whole, "value": reading.number})


def _consent(event: Body) -> Body:
    granted = essential(event, "granted", reading.flag)
    return {"granted": granted, "channels": _channels(event.get("channels"), granted)}


def _channels(value: Any, granted: bool) -> list[str]:
    if value == "all":
        return list(CHANNELS)
    if not isinstance(value, list):
        raise Invalid("channels")
    named = [each for each in value if isinstance(each, str)]
    if not named and not granted:
        return list(CHANNELS)
    known = [each for each in named if each in CHANNELS]
    if not known:
        raise Invalid("channels")
    return known


def _signal(event: Body) -> Body:
    readers = {"held_ms": reading.number, "form_focus": reading.flag}
    return {"signal": essential(event, "signal", one_of(SIGNALS))} | fields(event, readers)


def _nothing(event: Body) -> Body:
    return {}


BODIES: dict[str, Callable[[Body], Body]] = {
    "page.viewed": _page,
    "product.viewed": _product,
    "category.viewed": _category,
    "search.performed": _search,
    "cart.updated": _cart,
    "cart.item_added": _added,
    "cart.item_removed": _item,
    "checkout.started": _nothing,
    "checkout.advanced": _stage,
    "payment.failed": _failed,
    "activity.pinged": _nothing,
    "order.placed": _placed,
    "order.cancelled": _cancelled,
    "visitor.identified": _identified,
    "consent.changed": _consent,
    "exit.signal": _signal,
    "visitor.subscribed": _subscribed,
    "order.delivered": _cancelled,
    "person.erased": _nothing,
}
