"""The Google Merchandise Store's hits of one day. Every transaction is on two hits or more, hits share
times, one visitor is a bot, and a purchase may be seen by its page only.
"""

from collections.abc import Iterator

from tests.traffic.commerce import line, thing
from tests.traffic.home import Document, Message, rows

LEAVES_MS = 4_000
"""Ms from a session's last hit to an added page close; the data has none."""

KINDS = {
    "/home": "home",
    "/basket.html": "cart",
    "/yourinfo.html": "checkout",
    "/revieworder.html": "checkout",
    "/payment.html": "payment",
    "/ordercompleted.html": "confirmation",
}
STAGES = {"2": "shipping", "3": "payment"}


def messages() -> Iterator[Message]:
    hits = sorted(rows("ga360_hits_20170801.A.csv.gz"), key=_order)
    for hit in hits:
        t, id = int(hit["event_time_ms"]), f"{hit['session_id']}:{hit['hit_number']}"
        who = {"visitor": hit["visitor_id"]}
        yield Message(
            t, {}, [{"id": f"{id}:{n}", **who, **body} for n, body in enumerate(_bodies(hit))]
        )
        if hit["is_exit"] == "1":
            leaves = {"type": "exit.signal", "signal": "close_shortcut"}
            yield Message(t + LEAVES_MS, {}, [{"id": f"{id}:left", **who, **leaves}])


def _order(hit: dict[str, str]) -> tuple[int, str, int]:
    return int(hit["event_time_ms"]), hit["session_id"], int(hit["hit_number"])


def _bodies(hit: dict[str, str]) -> list[Document]:
    action, path = hit["ec_action_type"], hit["page_path"]
    lines = _lines(hit)
    if action == "2" and lines:
        first = thing(lines[0]["product_id"], lines[0].get("price"), name=lines[0].get("name"))
        return [{"type": "product.viewed", "product": first}]
    if action == "3":
        return [{"type": "cart.item_added", "item": item} for item in lines]
    if action == "4":
        return [{"type": "cart.item_removed", "item": item} for item in lines]
    if action == "5":
        stage = STAGES.get(hit["ec_step"])
        advanced = {"type": "checkout.advanced", "stage": stage}
        return [advanced if stage else {"type": "checkout.started"}, *_known(hit)]
    if action == "6":
        value = int(hit["transaction_revenue_micros"] or 0) / 1e6
        return [
            {"type": "order.placed", "order": {"id": hit["transaction_id"], "value": value}},
            *_known(hit),
        ]
    if hit["hit_type"] == "EVENT":
        return [{"type": "activity.pinged"}]
    if path == "/asearch.html":
        return [{"type": "search.performed", "query": hit["page_title"]}]
    if path.startswith("/google+redesign/"):
        return [{"type": "category.viewed", "category": path.split("/")[2]}]
    page = {"path": path, "title": hit["page_title"], "kind": KINDS.get(path, "other")}
    return [{"type": "page.viewed", "page": page}]


def _known(hit: dict[str, str]) -> list[Document]:
    """The contact of a visitor who enters an address in the checkout."""
    customer = f"c{hit['visitor_id']}"
    return [{"type": "visitor.identified", "customer": customer, "contacts": ["email"]}]


def _lines(hit: dict[str, str]) -> list[Document]:
    ids, names, quantities, prices = (
        hit[f"product_{column}"].split("|") for column in ("skus", "names", "qtys", "prices_micros")
    )
    return [
        line(
            thing(id, int(_at(prices, n) or 0) / 1e6, name=_at(names, n)),
            _at(quantities, n),
        )
        for n, id in enumerate(ids)
        if id
    ]


def _at(values: list[str], index: int) -> str:
    return values[index] if index < len(values) else ""
