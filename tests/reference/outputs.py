"""Section 8: triggers, cancels and decisions in their published form."""

import hashlib
from typing import Any

from tests.reference.recipes import Recipe
from tests.reference.times import rfc3339


def snapshot(cart: dict[str, Any] | None) -> dict[str, Any] | None:
    """The cart of a trigger: its present id, and its lines."""
    return None if cart is None else {"id": cart["id"], "items": cart["lines"]}


class Outputs:
    def __init__(self) -> None:
        self.triggers: list[dict[str, Any]] = []
        self.decisions: list[dict[str, Any]] = []
        self.audiences: list[dict[str, Any]] = []
        self.shadow: list[dict[str, Any]] = []
        self.outcomes: list[dict[str, Any]] = []
        self.erased: list[dict[str, Any]] = []
        self.without_value: list[tuple[str, str]] = []
        """(audience, person) of the records on `audiences` that have none."""

    def erases(self, person: str, at: int, event: str) -> None:
        customer = person.removeprefix("customer:") if person.startswith("customer:") else None
        self.erased.append(
            {
                "specversion": "1.0",
                "type": "storefront.person.erased.v1",
                "source": "/people/erased",
                "subject": person,
                "id": hashlib.sha256(f"erased|{person}|{at}".encode()).hexdigest()[:32],
                "time": rfc3339(at),
                "datacontenttype": "application/json",
                "data": {"person": person, "customer": customer, "at": at, "event": event},
            }
        )

    def audience(self, kind: str, name: str, person: str, id_: str, at: int) -> None:
        customer = person.removeprefix("customer:") if person.startswith("customer:") else None
        self.audiences.append(
            {
                "type": f"storefront.audience.{kind}.v1",
                "source": f"/audiences/{name}",
                "subject": person,
                "id": id_,
                "time": rfc3339(at),
                "data": {"audience": name, "person": person, "customer": customer, "at": at},
            }
        )

    def _event(
        self, kind: str, id_: str, recipe: str, person: str, at: int, data: Any, shadow: bool
    ) -> None:
        (self.shadow if shadow else self.triggers).append(
            {
                "specversion": "1.0",
                "type": f"storefront.trigger.{kind}.v1",
                "source": f"/triggers/{recipe}",
                "subject": person,
                "id": id_,
                "time": rfc3339(at),
                "datacontenttype": "application/json",
                "data": data,
            }
        )

    def fired(self, data: dict[str, Any], at: int) -> None:
        shown = {name: value for name, value in data.items() if name != "in the shadow"}
        told = (data["trigger_id"], data["recipe"], data["person"], at, shown)
        self._event("fired", *told, data["in the shadow"])

    def cancelled(self, fired: dict[str, Any], reason: str, order: str | None, at: int) -> None:
        data = {name: fired[name] for name in ("trigger_id", "recipe", "step", "person")}
        data |= {"reason": reason, "order_id": order, "at": at}
        id_ = data["trigger_id"] + "/cancelled"
        told = (id_, data["recipe"], data["person"], at, data)
        self._event("cancelled", *told, fired["in the shadow"])

    def decision(
        self,
        id_: str,
        recipe: Recipe,
        step: int,
        person: str,
        visitor: str,
        outcome: str,
        at: int,
        reason: str | None = None,
        until: int | None = None,
        steps_left: int | None = None,
    ) -> None:
        self.decisions.append(
            {
                "trigger_id": id_,
                "recipe": recipe.name,
                "version": recipe.version,
                "step": step,
                "person": person,
                "visitor": visitor,
                "outcome": outcome,
                "reason": reason,
                "at": at,
                "until": until,
                "steps_left": steps_left,
                **({"shadow": True} if recipe.shadow else {}),
            }
        )
