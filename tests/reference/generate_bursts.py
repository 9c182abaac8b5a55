"""Seeded bursts of one kind: one event more than are kept, then the first again."""

import random
from typing import Any


def burst(pick: random.Random) -> list[dict[str, Any]]:
    many: list[dict[str, Any]]
    match pick.randrange(6):
        case 0:
            count = pick.choice((19, 20, 21))
            many = [{"type": "product.viewed", "product": {"id": f"b{n}"}} for n in range(count)]
        case 1:
            count = pick.choice((63, 64, 65))
            many = [{"type": "order.placed", "order": {"id": f"x{n}"}} for n in range(count)]
        case 2:
            many = [{"type": "payment.failed"}, {"type": "checkout.advanced", "stage": "contact"}]
        case 3:
            item: Any = {"product_id": "p1"}
            many = [
                {"type": "cart.item_added", "item": {**item, "quantity": 1}},
                {"type": "cart.item_removed", "item": item},
            ]
        case 4:
            count = pick.choice((15, 16, 17))
            many = [{"type": "page.viewed", "keys": {"cart": f"b{n}"}} for n in range(count)]
            many.append({"type": "page.viewed", "customer": "c1"})
        case _:
            item = {"product_id": "p1", "quantity": pick.choice((0.1, 0.3, "0.7"))}
            many = [{"type": "cart.item_added", "item": item} for _ in range(3)]
            many.append({"type": "cart.item_removed", "item": {**item, "quantity": 0.3}})
    return [*many, many[0]]
