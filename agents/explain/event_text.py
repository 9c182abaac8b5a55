"""Events in words: a sentence for each type of event. Pure.

A sentence continues after the visitor: "phone-7 opened …". Events come as `event_records` reads them. Source:
docs/semantics.md, 2.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any, Final

Event = Mapping[str, Any]

SIGNALS: Final = {
    "pointer_top": "moved the pointer out at the top",
    "close_shortcut": "pressed the keys that close the page",
    "back": "went back towards where they came from",
    "tab_hidden": "went to another tab",
    "scroll_up": "scrolled up fast",
    "window_blur": "went to another window",
    "idle": "did nothing for a while",
    "landing_return": "came back to the page they landed on",
}


def sentence(event: Event) -> str | None:
    """The sentence; None for a heartbeat."""
    return SENTENCES[event["type"]](event)


def things(items: Iterable[Mapping[str, Any]]) -> str:
    """`2 × Merino socks, 1 × Tarp`; without a number if none is given."""
    parts = []
    for item in items:
        variant = f" ({item['variant_id']})" if item.get("variant_id") else ""
        count = f"{item['quantity']:g} × " if item.get("quantity") else ""
        parts.append(f"{count}{item.get('name') or item['product_id']}{variant}")
    return ", ".join(parts)


def money(value: float | None, currency: str | None = None) -> str:
    return f"{value or 0:.2f} {currency or ''}".rstrip()


def moment(at: int, zone: tzinfo) -> str:
    """A time in ms as `Mon 5 Jan 14:02`."""
    time = datetime.fromtimestamp(at / 1000, UTC).astimezone(zone)
    return f"{time:%a} {time.day} {time:%b %H:%M}"


def moment_of_year(at: int, zone: tzinfo) -> str:
    """A time in ms as `Mon 5 Jan 2026 14:02`."""
    time = datetime.fromtimestamp(at / 1000, UTC).astimezone(zone)
    return f"{time:%a} {time.day} {time:%b %Y %H:%M}"


def day(at: int, zone: tzinfo) -> str:
    """The day of a time in ms, as `Mon 5 Jan 2026`."""
    time = datetime.fromtimestamp(at / 1000, UTC).astimezone(zone)
    return f"{time:%a} {time.day} {time:%b %Y}"


def of_day(at: int, zone: tzinfo) -> str:
    """The time of day of a time in ms, as `14:02:11`."""
    return f"{datetime.fromtimestamp(at / 1000, UTC).astimezone(zone):%H:%M:%S}"


def _page(event: Event) -> str:
    page = event.get("page", {})
    name = page.get("title") or page.get("path") or f"{page.get('kind', 'a')} page"
    return f"opened “{name}”"


def _product(event: Event) -> str:
    product = event["product"]
    price = money(product["price"]) if "price" in product else None
    about = ", ".join(filter(None, (product.get("category"), price)))
    return f"looked at {product.get('name') or product['id']}" + (f" ({about})" if about else "")


def _cart(event: Event) -> str:
    cart = event["cart"]
    if not cart["items"]:
        return "emptied the cart"
    value = sum(item.get("quantity", 1) * item.get("price", 0) for item in cart["items"])
    return f"has in the cart: {things(cart['items'])}, {money(value, cart.get('currency'))}"


def _order(event: Event) -> str:
    order = event.get("order", {})
    value = f", {money(order['value'], order.get('currency'))}" if "value" in order else ""
    does = "was charged again for" if order.get("recurring") else "ordered"
    return f"{does} ({order.get('id', 'without an id')}{value})"


def _identified(event: Event) -> str:
    if event.get("customer", "") is None:
        return "has logged out"
    keys = [
        f"{sort} {event['keys'][sort]}"
        for sort in ("email", "phone")
        if sort in event.get("keys", {})
    ]
    known = [f"is known as {event.get('customer') or ' and '.join(keys)}"]
    if event.get("contacts"):
        known.append(f"can be reached by {', '.join(event['contacts'])}")
    if "time_zone" in event:
        known.append(f"lives in {event['time_zone']}")
    return ", ".join(known)


def _consent(event: Event) -> str:
    does = "agrees to" if event["granted"] else "wants no"
    channels = event["channels"]
    named = ", ".join(channels) if type(channels) is list else channels
    return f"{does} messages by {named or 'any channel'}"


def _payment(event: Event) -> str:
    order = event.get("order", {}).get("id")
    what = f"could not pay the order {order}" if order else "could not pay"
    return what + (f": {event['code']}" if event.get("code") else "")


def _channels(event: Event) -> str:
    channels = event["channels"]
    return channels if isinstance(channels, str) else ", ".join(channels)


def _signal(event: Event) -> str:
    held = f" for {event['held_ms'] / 1000:.1f} s" if "held_ms" in event else ""
    form = ", in a form" if event.get("form_focus") else ""
    return f"{SIGNALS[event['signal']]}{held}{form}"


SENTENCES: Final[Mapping[str, Callable[[Event], str | None]]] = {
    "page.viewed": _page,
    "product.viewed": _product,
    "category.viewed": lambda event: f"looked through {event['category']}",
    "search.performed": lambda event: f"searched for “{event['query']}”",
    "cart.updated": _cart,
    "cart.item_added": lambda event: f"put {things([event['item']])} into the cart",
    "cart.item_removed": lambda event: f"took {things([event['item']])} out of the cart",
    "checkout.started": lambda event: "began the checkout",
    "checkout.advanced": lambda event: f"went on to {event['stage']}",
    "payment.failed": _payment,
    "activity.pinged": lambda event: None,
    "order.placed": _order,
    "order.delivered": lambda event: f"the order {event['order']['id']} has arrived",
    "visitor.subscribed": lambda event: f"joined the list for messages by {_channels(event)}",
    "order.cancelled": lambda event: f"the order {event['order']['id']} was cancelled",
    "visitor.identified": _identified,
    "consent.changed": _consent,
    "exit.signal": _signal,
    "person.erased": lambda event: "was erased: no earlier data is kept",
}
