"""Reads an event field by field: the parts that can be read, and a fault for each part that cannot.

Source: docs/semantics.md, 2. `envelope` and `body` return documents without the parts that are left out. The event
is invalid if one of the faults is essential; the caller checks that.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from stream.events import scalars
from stream.events.faults import Fault, Unread, name_of
from stream.events.scalars import Scalar
from stream.events.words import CHANNELS, CONTACTS, KINDS_OF_PAGE, SIGNALS, STAGES

Faults = list[Fault]
Reader = Callable[[dict[str, Any], str, str, Faults, bool], Any]
"""(object, name, path, faults, essential) -> the field's value, LEFT_OUT if there is none. It adds faults."""

LEFT_OUT: Final = object()


def note(faults: Faults, path: str, expected: str, value: Any, why: str, essential: bool) -> Any:
    faults.append(Fault(path, expected, name_of(value), why, essential))
    return LEFT_OUT


def scalar(kind: Scalar) -> Reader:
    def read(given: dict[str, Any], name: str, path: str, faults: Faults, essential: bool) -> Any:
        if name not in given:
            return _missing(faults, path, kind.expected, essential)
        value = given[name]
        try:
            return kind.read(value)
        except Unread as unread:
            return note(faults, path, kind.expected, value, unread.reason, essential)

    return read


def _missing(faults: Faults, path: str, expected: str, essential: bool) -> Any:
    if essential:
        faults.append(Fault(path, expected, "nothing", "missing", True))
    return LEFT_OUT


def object_of(essentials: Mapping[str, Reader], optionals: Mapping[str, Reader]) -> Reader:
    def read(given: dict[str, Any], name: str, path: str, faults: Faults, essential: bool) -> Any:
        if name not in given:
            return _missing(faults, path, "an object", essential)
        value = given[name]
        if type(value) is not dict:
            return note(faults, path, "an object", value, "wrong_type", essential)
        return fields(value, path, faults, essentials, optionals, essential)

    return read


def fields(
    given: dict[str, Any],
    path: str,
    faults: Faults,
    essentials: Mapping[str, Reader],
    optionals: Mapping[str, Reader],
    essential: bool = True,
) -> Any:
    """The readable fields of an object; LEFT_OUT if an essential one cannot be read."""
    made: dict[str, Any] = {}
    whole = True
    for name, read in essentials.items():
        made[name] = read(given, name, f"{path}.{name}", faults, essential)
        whole = whole and made[name] is not LEFT_OUT
    for name, read in optionals.items():
        value = read(given, name, f"{path}.{name}", faults, False)
        if value is not LEFT_OUT:
            made[name] = value
    return made if whole else LEFT_OUT


def _items(of_each: Mapping[str, Reader]) -> Reader:
    """A reader of the items of a whole cart or an order. It leaves out items that cannot be read."""

    def read(given: dict[str, Any], name: str, path: str, faults: Faults, essential: bool) -> Any:
        if name not in given:
            return _missing(faults, path, "a list", essential)
        if type(given[name]) is not list:
            return note(faults, path, "a list", given[name], "wrong_type", essential)
        found = []
        for each in given[name]:
            if type(each) is not dict:
                note(faults, f"{path}[]", "an object", each, "wrong_type", False)
            elif "product_id" not in each:
                faults.append(Fault(f"{path}[].product_id", _ID_EXPECTED, "nothing", "missing"))
            else:
                item = fields(each, f"{path}[]", faults, {"product_id": _ID}, of_each, False)
                found += [] if item is LEFT_OUT else [item]
        return found

    return read


def _channels(given: dict[str, Any], name: str, path: str, faults: Faults, essential: bool) -> Any:
    """The channels of a consent. "all" means every channel, and so does an empty list that withdraws."""
    if name not in given:
        return _missing(faults, path, _CHANNELS_EXPECTED, essential)
    value = given[name]
    if value == "all":
        return list(CHANNELS)
    if type(value) is not list:
        return note(faults, path, _CHANNELS_EXPECTED, value, "wrong_type", essential)
    found, named = _listed(value, path, CHANNELS, faults)
    if found:
        return found
    if not named and given.get("granted") is False:
        return list(CHANNELS)
    return note(faults, path, _CHANNELS_EXPECTED, value, "not_in_list", essential)


def _subscribed(
    given: dict[str, Any], name: str, path: str, faults: Faults, essential: bool
) -> Any:
    """The channels of a subscription, read like those of a consent that grants."""
    named = {name: given[name]} if name in given else {}
    return _channels(named, name, path, faults, essential)


def _contacts(given: dict[str, Any], name: str, path: str, faults: Faults, essential: bool) -> Any:
    """The contacts. Only an empty list means that there are none; a list of unknown ones is a fault."""
    value = given.get(name, LEFT_OUT)
    if value is LEFT_OUT:
        return LEFT_OUT
    if type(value) is not list:
        return note(faults, path, "a list", value, "wrong_type", essential)
    found, _ = _listed(value, path, CONTACTS, faults)
    return found if found or not value else LEFT_OUT


def _listed(
    value: list[Any], path: str, names: tuple[str, ...], faults: Faults
) -> tuple[list[str], bool]:
    """(the entries of a list that are in `names`, whether the list has any entry)."""
    found = []
    for each in value:
        if type(each) is str and each in names:
            found.append(each)
        else:
            why = "not_in_list" if type(each) is str else "wrong_type"
            note(faults, f"{path}[]", f"one of {' '.join(names)}", each, why, False)
    return found, any(type(each) is str for each in value)


_ID: Final = scalar(scalars.ID)
_ID_EXPECTED: Final = scalars.ID.expected
_CHANNELS_EXPECTED: Final = "all, or a list of channels"
_SOMEBODY: Final = scalar(scalars.SOMEBODY)
_HASH: Final = scalar(scalars.HASH)
_TEXT: Final = scalar(scalars.TEXT)
_CATEGORY: Final = scalar(scalars.CATEGORY)
_NUMBER: Final = scalar(scalars.NUMBER)
_WHOLE: Final = scalar(scalars.WHOLE)
_FLAG: Final = scalar(scalars.FLAG)

_LOOKS: Final = {"name": _TEXT, "category": _CATEGORY, "price": _NUMBER}
_PICTURES: Final = {"url": _TEXT, "image": _TEXT}
_ITEM: Final = {
    "quantity": _NUMBER,
    "variant_id": _ID,
    **_LOOKS,
    "currency": _TEXT,
    **_PICTURES,
}
_REMOVED: Final = {"variant_id": _ID, "quantity": _NUMBER}
_CART: Final = {"id": _SOMEBODY, "version": _WHOLE, "url": _TEXT, "currency": _TEXT}
_ORDER: Final = {
    "id": _ID,
    "value": _NUMBER,
    "currency": _TEXT,
    "cart_id": _SOMEBODY,
    "recurring": _FLAG,
    "items": _items({**_ITEM, "renews": _FLAG}),
}

OWNER: Final = _SOMEBODY
WHO: Final = "a customer, or keys with an email or a phone"
KEYS: Final = object_of(
    {}, {"cart": _SOMEBODY, "checkout": _SOMEBODY, "email": _HASH, "phone": _HASH}
)
TIME: Final = scalar(scalars.TIME)
ID: Final = _ID

_Fields = Mapping[str, Reader]
BODIES: Final[Mapping[str, tuple[_Fields, _Fields]]] = {
    "page.viewed": (
        {},
        {
            "page": object_of(
                {},
                {"path": _TEXT, "title": _TEXT, "kind": scalar(scalars.word(*KINDS_OF_PAGE))},
            )
        },
    ),
    "product.viewed": ({"product": object_of({"id": _ID}, {**_LOOKS, **_PICTURES})}, {}),
    "category.viewed": ({"category": _CATEGORY}, {}),
    "search.performed": ({"query": _TEXT}, {}),
    "cart.updated": ({"cart": object_of({"items": _items(_ITEM)}, _CART)}, {}),
    "cart.item_added": ({"item": object_of({"product_id": _ID}, _ITEM)}, {}),
    "cart.item_removed": ({"item": object_of({"product_id": _ID}, _REMOVED)}, {}),
    "checkout.started": ({}, {}),
    "checkout.advanced": ({"stage": scalar(scalars.word(*STAGES))}, {}),
    "payment.failed": (
        {},
        {"code": _TEXT, "order": object_of({}, {"id": _SOMEBODY, "recurring": _FLAG})},
    ),
    "activity.pinged": ({}, {}),
    "order.placed": ({}, {"order": object_of({}, _ORDER), "imported": _FLAG}),
    "order.cancelled": ({"order": object_of({"id": _ID}, {})}, {}),
    "visitor.identified": (
        {},
        {
            "contacts": _contacts,
            "traits": object_of({}, {"orders": _WHOLE, "value": _NUMBER}),
            "time_zone": _TEXT,
        },
    ),
    "consent.changed": ({"channels": _channels, "granted": _FLAG}, {}),
    "visitor.subscribed": ({"channels": _subscribed}, {"imported": _FLAG}),
    "order.delivered": ({"order": object_of({"id": _ID}, {})}, {}),
    "person.erased": ({}, {}),
    "exit.signal": (
        {"signal": scalar(scalars.word(*SIGNALS))},
        {"held_ms": _NUMBER, "form_focus": _FLAG},
    ),
}
"""(essential fields, optional fields) of each type, in the order in which their faults are reported."""
