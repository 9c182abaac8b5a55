"""Triggers and decisions as sets of rows with the compared fields."""

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

FIRED: tuple[str, ...] = (
    "trigger_id",
    "recipe",
    "step",
    "message",
    "person",
    "not_before",
    "valid_until",
)
FIRED += ("offer", "arm", "channels", "value", "items", "cart_id")
FIRED += ("order", "product", "also", "audience")
CANCELLED = ("trigger_id", "recipe", "step", "person", "reason", "order_id", "at")
DECISION: tuple[str, ...] = (
    "trigger_id",
    "recipe",
    "step",
    "person",
    "outcome",
    "reason",
    "at",
    "until",
    "steps_left",
    "shadow",
)
ATTRIBUTES = ("type", "source", "subject", "id", "time")
DETAILS = ("version", "steps", "sub_kind", "customer", "visitor")
LINE = (
    *("product_id", "variant_id", "quantity", "name", "category"),
    *("price", "currency", "url", "image"),
)
PRODUCT = ("id", *LINE[1:2], *LINE[3:])
WHICH = ("trigger_id", "outcome", "at", "visitor", "version")

Rows = Counter[str]


def _row(kind: str, fields: Iterable[str], document: dict[str, Any]) -> str:
    row: dict[str, Any] = {"row": kind}
    for name in fields:
        value = document.get(name)
        if name == "channels" and value is not None:
            value = sorted(value)
        if name == "value":
            value = "unknown" if value is None else f"{value + 0.0:.2f}"
        if name == "items":
            value = sorted((_item(item) for item in value or []), key=str)
        if value is not None and value != "":
            row[name] = value
    return json.dumps(row)


def _item(item: Any) -> list[Any]:
    """A cart line of a trigger or vector in the vector's form."""
    if isinstance(item, dict):
        item = [item.get(name) for name in ("product_id", "variant_id", "quantity", "price")]
    product, variant, quantity, price = item
    price = None if price is None else f"{price:.4f}"
    return [product, variant or "", f"{quantity:.6f}", price]


def _fired(data: dict[str, Any]) -> dict[str, Any]:
    """A trigger's data with the fields of a vector's row."""
    data = _of_life(data)
    if "items" in data:
        return data
    cart = data.get("cart") or {}
    items = cart.get("items") or []
    return data | {"items": items, "cart_id": cart.get("id") if items else None}


def _of_life(data: dict[str, Any]) -> dict[str, Any]:
    """The fields of life triggers only, in the vector's form."""
    own = {name: value for name, value in data.items() if name not in ("order", "product", "also")}
    if data.get("order") is not None:
        order = data["order"]
        items = [
            _item(item if isinstance(item, dict) else [*item, None]) for item in order["items"]
        ]
        items = sorted([product, variant, quantity] for product, variant, quantity, _ in items)
        own["order"] = [order["id"], order["currency"], items]
    if data.get("also") is not None:
        own["product"] = _id(data["product"])
        own["also"] = [_id(each) for each in data["also"]]
    return own


def _id(product: Any) -> Any:
    return product["id"] if isinstance(product, dict) else product


def changes(audiences: Iterable[dict[str, Any]]) -> Rows:
    """The rows of audiences.jsonl, or of a vector."""
    counted: Rows = Counter()
    for each in audiences:
        data = each.get("data", each)
        kind = "left" if "left" in each["type"] else "entered"
        counted[_row(kind, ("audience", "person", "at"), data)] += 1
    return counted


def rows(triggers: Iterable[dict[str, Any]], decisions: Iterable[dict[str, Any]]) -> Rows:
    """The rows of section 8, as a multiset. null, "" and absent are the same.

    A trigger is a CloudEvent, or a row of a vector: `type` and the data's fields side by side.
    """
    counted: Rows = Counter()
    for trigger in triggers:
        kind = "cancelled" if "cancelled" in trigger["type"] else "fired"
        fields = CANCELLED if kind == "cancelled" else FIRED
        data = trigger.get("data", trigger)
        counted[_row(kind, fields, _fired(data) if kind == "fired" else data)] += 1
    for decision in decisions:
        counted[_row("decision", DECISION, decision)] += 1
    return counted


def attributes(triggers: Iterable[dict[str, Any]]) -> Rows:
    """The CloudEvents attributes of section 8, which vectors lack."""
    return Counter(_row("attributes", ATTRIBUTES, trigger) for trigger in triggers)


def _attributed(item: dict[str, Any]) -> dict[str, Any]:
    """A line with all attributes; 2 and 2.0 are equal."""
    line = {name: item[name] for name in LINE if item.get(name) is not None}
    numbers = {name: line[name] + 0.0 for name in ("quantity", "price") if name in line}
    return line | numbers


def _shown(data: dict[str, Any]) -> dict[str, Any]:
    """The order or products of a life trigger, with all attributes."""
    shown: dict[str, Any] = {}
    if data.get("order") is not None:
        order = data["order"]
        value = order.get("value")
        shown["order"] = [
            order["id"],
            order.get("currency"),
            value if value is None else value + 0.0,
        ]
        shown["lines"] = sorted(map(_attributed, order["items"]), key=str)
    if data.get("also") is not None:
        shown["products"] = [_of_product(each) for each in (data["product"], *data["also"])]
    return shown


def _of_product(product: dict[str, Any]) -> dict[str, Any]:
    known = {name: product[name] for name in PRODUCT if product.get(name) not in (None, "")}
    return known | ({"price": product["price"] + 0.0} if "price" in known else {})


def details(triggers: Iterable[dict[str, Any]], decisions: Iterable[dict[str, Any]]) -> Rows:
    """Fields of triggers and decisions that vectors lack, with all attributes of cart lines."""
    counted: Rows = Counter()
    for trigger in triggers:
        data = trigger["data"]
        row = {
            name: data[name]
            for name in ("trigger_id", *DETAILS)
            if data.get(name) not in (None, "")
        }
        row |= _shown(data)
        items = (data.get("cart") or {}).get("items") or []
        row["items"] = sorted(map(_attributed, items), key=str)
        counted[json.dumps(row)] += 1
    for decision in decisions:
        counted[_row("details", WHICH, decision)] += 1
    return counted


def difference(one: Rows, other: Rows) -> str:
    """Readable lines: `-` only in the first, `+` only in the second; empty if equal."""
    only = [f"- {row}" for row in (one - other).elements()]
    only += [f"+ {row}" for row in (other - one).elements()]
    return "\n".join(sorted(only, key=lambda line: line[2:]))


OUTCOME = ("trigger_id", "recipe", "version", "person", "group", "arm", "at", "until", "orders")


def outcomes(found: Iterable[dict[str, Any]]) -> Rows:
    """The rows of outcomes.jsonl, or of a vector."""
    return Counter(_row("outcome", (*OUTCOME, "value"), each) for each in found)
