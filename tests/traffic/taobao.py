"""Taobao's user behaviour, nine days of one shop: most purchases have no cart, none a checkout."""

from collections.abc import Iterator

from tests.traffic.home import Document, Message, rows


def messages() -> Iterator[Message]:
    for number, row in enumerate(rows("taobao_userbehavior.A.csv.gz")):
        who = {"id": f"{number}", "visitor": row["user_id"], "customer": row["user_id"]}
        yield Message(int(row["timestamp_s"]) * 1000, {}, [{**who, **_body(row)}])


def _body(row: dict[str, str]) -> Document:
    item = row["item_id"]
    if row["behavior_type"] == "pv":
        product = {"id": item, "category": row["category_id"]}
        return {"type": "product.viewed", "product": product}
    if row["behavior_type"] == "cart":
        return {"type": "cart.item_added", "item": {"product_id": item, "quantity": 1}}
    if row["behavior_type"] == "buy":
        return {"type": "order.placed", "order": {"id": f"{item}-{row['timestamp_s']}"}}
    return {"type": "activity.pinged"}
