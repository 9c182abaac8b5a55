"""Sections 2 and 3: a visitor's cart, and the value of carts."""

import copy
import math
from dataclasses import dataclass, field
from typing import Any

Line = dict[str, Any]
Key = tuple[str, str]
_ATTRIBUTES = ("name", "category", "price", "currency", "url", "image")


@dataclass
class Cart:
    """A visitor's cart. `of_shop`: the id came from the shop; `given_id`, `version`, `currency`: of the last cart.updated."""

    visitor: str
    id: str = ""
    of_shop: bool = False
    lines: dict[Key, Line] = field(default_factory=dict)
    given_id: str | None = None
    version: int | None = None
    currency: str | None = None
    changed_at: int | None = None
    added_at: int | None = None

    def __post_init__(self) -> None:
        self.id = self.visitor

    def updated(self, given: dict[str, Any], time: int) -> None:
        new_id, new_version = given.get("id"), given.get("version")
        if new_id is None or new_id == self.given_id:
            if new_version is not None and self.version is not None:
                if new_version < self.version:
                    return
            if new_version is not None:
                self.version = new_version
        else:
            self.given_id, self.version = new_id, new_version
        self.currency = given.get("currency") or None
        if self.of_shop and self.given_id is not None:
            self.id = self.given_id
        items = [self._priced(item) for item in given["items"]]
        keys = dict.fromkeys(_key(item) for item in items)
        lines = {key: _merged([item for item in items if _key(item) == key]) for key in keys}
        self._replace(lines, time, added=False)

    def item_added(self, item: dict[str, Any], time: int) -> None:
        quantity = _rounded(item["quantity"])
        if quantity <= 0:
            return
        lines, key = copy.deepcopy(self.lines), _key(item)
        line = lines.setdefault(key, {"product_id": key[0], "variant_id": key[1], "quantity": 0})
        line["quantity"] = _rounded(line["quantity"] + quantity)
        given = {name: item[name] for name in _ATTRIBUTES if name in item}
        if not given.get("currency"):
            given["currency"] = line.get("currency") or self.currency
        line.update({name: value for name, value in given.items() if value is not None})
        self._replace(lines, time, added=True)

    def item_removed(self, item: dict[str, Any], time: int) -> None:
        lines, key = copy.deepcopy(self.lines), _key(item)
        if key not in lines and "variant_id" not in item:
            of_product = [each for each in lines if each[0] == item["product_id"]]
            key = of_product[0] if len(of_product) == 1 else key
        if key not in lines:
            return
        had: float = lines[key]["quantity"]
        taken: float = item.get("quantity", had)
        if taken <= 0:
            return
        lines[key]["quantity"] = _rounded(had - _rounded(taken))
        self._replace(lines, time, added=False)

    def empty(self, time: int) -> None:
        self._replace({}, time, added=False)

    def restore(self, lines: dict[Key, Line], id_: str, of_shop: bool, time: int) -> None:
        """Section 3: restores the lines of an unpaid order as the cart, under its id."""
        self.lines = {
            key: {**line, "since": time, "by_added": False} for key, line in lines.items()
        }
        self.id, self.of_shop = id_, of_shop
        if of_shop:
            self.given_id, self.version = id_, None
        self.changed_at = self.added_at = time

    def _priced(self, item: Line) -> Line:
        """An item with its own currency, else the cart's."""
        currency = item.get("currency") or self.currency
        own = {name: value for name, value in item.items() if name != "currency"}
        own["quantity"] = _rounded(own["quantity"])
        return own | ({"currency": currency} if currency else {})

    def _replace(self, lines: dict[Key, Line], time: int, added: bool) -> None:
        before, had = self.contents(), self.lines
        self.lines = {key: line for key, line in lines.items() if line["quantity"] > 0}
        for key, line in self.lines.items():
            if key not in had or line["quantity"] > had[key]["quantity"]:
                line["since"], line["by_added"] = time, added
                self.added_at = time
            else:
                line["since"], line["by_added"] = had[key]["since"], had[key]["by_added"]
        if self.contents() != before:
            self.changed_at = time
        if self.lines and not had:
            self.id = self.given_id or self.visitor
            self.of_shop = self.given_id is not None

    def contents(self) -> list[tuple[str, str, float]]:
        return contents(self.lines.values())

    def snapshot(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "lines": copy.deepcopy([line for _, line in sorted(self.lines.items())]),
            "changed_at": self.changed_at,
            "added_at": self.added_at,
        }


def contents(lines: Any) -> list[tuple[str, str, float]]:
    return sorted((line["product_id"], line["variant_id"], line["quantity"]) for line in lines)


def value(lines: list[Line]) -> float | None:
    """The value of a cart of these lines; None if they name more than one currency."""
    if len({line["currency"].lower() for line in lines if line.get("currency")}) > 1:
        return None
    amounts = [line["quantity"] * line.get("price", 0) for line in lines]
    return float(round(math.fsum(amounts), 2))


def _key(item: dict[str, Any]) -> Key:
    return item["product_id"], item.get("variant_id", "")


def _rounded(quantity: float) -> float:
    return round(quantity, 6)


def _merged(items: list[Line]) -> Line:
    """Merges equal lines of a cart.updated: quantities add up, the price covers all together."""
    line: Line = {"variant_id": ""}
    for item in items:
        line |= item
    if len(items) == 1:
        return line
    line["quantity"] = 0
    for item in items:
        line["quantity"] = _rounded(line["quantity"] + item["quantity"])
    line.pop("price", None)
    currencies = {item["currency"].lower() for item in items if "currency" in item}
    total = math.fsum(item["quantity"] for item in items)
    if any("price" in item for item in items) and len(currencies) <= 1 and total > 0:
        paid = math.fsum(item["quantity"] * item.get("price", 0) for item in items)
        line["price"] = round(paid / total, 4)
    return line
