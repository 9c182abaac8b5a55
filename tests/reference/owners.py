"""Sections 2 and 11: the owner of an event, and its keys of identity."""

from dataclasses import dataclass, field
from typing import Any

from tests.reference import reading

PSEUDO = ("cart", "checkout", "customer", "email", "phone")
_KEYS = {
    "cart": reading.somebody,
    "checkout": reading.somebody,
    "email": reading.hashed,
    "phone": reading.hashed,
}


@dataclass
class Owner:
    """The visitor of an event, and its identity data."""

    visitor: str
    pseudo: bool = False
    customer: str | None = None
    customer_null: bool = False
    keys: list[str] = field(default_factory=list)
    cart_of_visitor: str | None = None
    """The cart in a pseudo-visitor's name."""
    cart_of_keys: str | None = None


def owner(event: dict[str, Any], body: dict[str, Any]) -> Owner | None:
    """The owner of an event, None if it names none."""
    customer = reading.somebody(event.get("customer"))
    given = event.get("keys")
    read = {
        name: reader(given.get(name) if isinstance(given, dict) else None)
        for name, reader in _KEYS.items()
    }
    keyed_ids = {name: id_ for name, id_ in read.items() if id_ is not None}
    shown = body.get("cart", {}).get("id")
    ordered = body.get("order", {}).get("cart_id")

    keys = [f"{name}:{id_}" for name, id_ in keyed_ids.items()]
    if shown is not None:
        keys.append(f"cart:{shown}")
    visitor = _given(event.get("visitor"))
    pseudo = visitor is not None and visitor.startswith("~")
    if visitor is not None and pseudo:
        if visitor.startswith("~customer:"):
            customer = customer or visitor.removeprefix("~customer:")
        else:
            keys.insert(0, visitor.removeprefix("~"))
    if visitor is None:
        strongest = [
            ("cart", keyed_ids.get("cart")),
            ("cart", shown),
            ("cart", ordered),
            ("checkout", keyed_ids.get("checkout")),
            ("customer", customer),
            ("email", keyed_ids.get("email")),
            ("phone", keyed_ids.get("phone")),
        ]
        names = [f"~{name}:{id_}" for name, id_ in strongest if id_ is not None]
        if not names:
            return None
        visitor, pseudo = names[0], True
    return Owner(
        visitor,
        pseudo,
        customer,
        "customer" in event and event["customer"] is None,
        list(dict.fromkeys(keys)),
        visitor.removeprefix("~cart:") if visitor.startswith("~cart:") else None,
        keyed_ids.get("cart"),
    )


def _given(value: Any) -> str | None:
    """A readable visitor that names somebody; names of pseudo-visitors begin with `~`."""
    if not isinstance(value, str) or not value.startswith("~"):
        return reading.somebody(value)
    name, colon, id_ = (reading.text(value) or "").removeprefix("~").partition(":")
    if name not in PSEUDO or not colon:
        return None
    read = reading.hashed(id_) if name in ("email", "phone") else reading.somebody(id_)
    return None if read is None else f"~{name}:{read}"
