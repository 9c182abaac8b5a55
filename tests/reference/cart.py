"""Section 3: a visitor's cart and checkout."""

import copy
from dataclasses import dataclass, field
from typing import Any

from tests.reference.times import DAY

Line = dict[str, Any]
Key = tuple[str, str]
_ATTRIBUTES = ("name", "category", "price", "url", "image")
_STAGES = ["started", "contact", "shipping", "payment"]


@dataclass
class Cart:
    visitor: str
    id: str = ""
    of_shop: bool = False
    lines: dict[Key, Line] = field(default_factory=dict)
    given_id: str | None = None
    version: float | None = None
    changed_at: int | None = None
    added_at: int | None = None

    def __post_init__(self) -> None:
        self.id = self.visitor

    def contents(self) -> list[tuple[str, str, int]]:
        return sorted((*key, line["quantity"]) for key, line in self.lines.items())

    def value(self) -> float:
        total = sum(line["quantity"] * line.get("price", 0) for line in self.lines.values())
        return float(round(total, 2))

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
        lines: dict[Key, Line] = {}
        for item in given["items"]:
            _add(lines, item)
        if self.of_shop and self.given_id is not None:
            self.id = self.given_id
        self._replace(lines, time)

    def item_added(self, item: dict[str, Any], time: int) -> None:
        lines = copy.deepcopy(self.lines)
        _add(lines, item)
        self._replace(lines, time)

    def item_removed(self, item: dict[str, Any], time: int) -> None:
        lines = copy.deepcopy(self.lines)
        key = (item["product_id"], item.get("variant_id", ""))
        if key in lines:
            had: int = lines[key]["quantity"]
            left = lines[key]["quantity"] = had - int(item.get("quantity", had))
            if left <= 0:
                del lines[key]
        self._replace(lines, time)

    def empty(self, time: int) -> None:
        self._replace({}, time)

    def _replace(self, lines: dict[Key, Line], time: int) -> None:
        before, had = self.contents(), self.lines
        self.lines = lines
        if any(
            key not in had or line["quantity"] > had[key]["quantity"] for key, line in lines.items()
        ):
            self.added_at = time
        if self.contents() != before:
            self.changed_at = time
        if lines and not had:
            self.id = self.given_id or self.visitor
            self.of_shop = self.given_id is not None

    def snapshot(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "lines": [copy.deepcopy(line) for _, line in sorted(self.lines.items())],
            "contents": self.contents(),
            "value": self.value(),
            "changed_at": self.changed_at,
            "added_at": self.added_at,
        }


def _add(lines: dict[Key, Line], item: dict[str, Any]) -> None:
    key = (item["product_id"], item.get("variant_id", ""))
    line = lines.setdefault(key, {"product_id": key[0], "variant_id": key[1], "quantity": 0})
    line["quantity"] += int(item["quantity"])
    line.update({name: item[name] for name in _ATTRIBUTES if name in item})


@dataclass
class Checkout:
    started_at: int
    stage: str = "started"
    failed: bool = False

    def is_open(self, time: int) -> bool:
        """It closes when it is 7d old."""
        return time - self.started_at < 7 * DAY

    def reach(self, stage: str) -> None:
        self.stage = max(self.stage, stage, key=_STAGES.index)
