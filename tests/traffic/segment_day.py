"""A day from Segment in the browser and Segment on the shop's server, which knows the browser's id."""

import json
from collections.abc import Iterator
from typing import Any, Final

from stream.connect.request import Request
from stream.connect.source import Source
from tests.contract.test_connect import key_of
from tests.traffic.joined import Told
from tests.traffic.stories import LEFT, PRICE, UNPAID, Scene, Shopper, written

SHIRT: Final = {
    "product_id": "100",
    "variant": "11",
    "name": "Shirt",
    "price": PRICE,
    "currency": "EUR",
    "quantity": 2,
}
WEB: Final = Source(name="web", kind="segment", consent={"News": ["email", "sms"]}, key_of=key_of)
BACKEND: Final = Source(
    name="backend",
    kind="segment",
    trust="server",
    events={"Payment Failed": "payment.failed"},
    key_of=key_of,
)


class WebShopper(Shopper):
    """The scenes of analytics.js. A login comes from the shop's server."""

    def views(self, second: int) -> Scene:
        return self.web(second, "Product Viewed", SHIRT)

    def adds(self, second: int) -> Scene:
        yield from self.web(second, "Product Added", SHIRT)
        yield from self.web(second + 10, "Cart Viewed", {"products": [SHIRT]})

    def removes(self, second: int) -> Scene:
        return self.web(second, "Product Removed", SHIRT)

    def checks_out(self, second: int) -> Scene:
        return self.web(second, "Checkout Started", {"products": [SHIRT]})

    def thanks(self, second: int, order: str) -> Scene:
        return self.web(second, "Order Completed", ordered(order))

    def withdraws(self, second: int) -> Scene:
        context = {"consent": {"categoryPreferences": {"News": False}}}
        return self.web(second, "Segment Consent Preference Updated", {}, context=context)

    def signs_in(self, second: int) -> Scene:
        traits = {"email": self.email}
        return self.backend(second, "Signed In", {}, type="identify", traits=traits)

    def web(self, second: int, event: str, properties: Any, **fields: Any) -> Iterator[Told]:
        body = self._message(second, event, properties, **fields)
        sent = {"anonymousId": self.visitor, "sentAt": self.iso(second), **body}
        yield Told(self.ms(second), "web", Request("/v1/t", body=json.dumps(sent).encode()))

    def backend(self, second: int, event: str, properties: Any, **fields: Any) -> Iterator[Told]:
        """A message of the server's library, which says anew at each try when it sends."""
        own = {"anonymousId": self.visitor, "userId": self.customer}
        body = {**own, **self._message(second, event, properties, **fields)}
        body["context"] = {"library": {"name": "analytics-node"}}

        def sent(arrival: int) -> Request:
            batch = {"batch": [body], "sentAt": written(arrival)}
            return Request("/v1/batch", body=json.dumps(batch).encode())

        yield Told(self.ms(second), "backend", sent)

    def _message(self, second: int, event: str, properties: Any, **fields: Any) -> dict[str, Any]:
        return {
            "type": "track",
            "messageId": f"{self.number}-{second}-{event}",
            "event": event,
            "properties": properties,
            "timestamp": self.iso(second),
            **fields,
        }


class SegmentShopper(WebShopper):
    """The server's scenes, too. Nobody tells it of a guest who leaves."""

    SOURCES = {"web": WEB, "backend": BACKEND}
    SERVERS = ("backend",)
    REMINDED = {
        "member leaves": LEFT,
        "guest buys and leaves another cart": LEFT,
        "member buys and leaves another cart": LEFT,
        "guest fails to pay": UNPAID,
        "member fails to pay": UNPAID,
    }

    def is_paid(self, second: int) -> Scene:
        return self._of_the_order(second, "Order Completed", ordered(str(self.order)))

    def is_refunded(self, second: int) -> Scene:
        return self._of_the_order(second, "Order Refunded", {"order_id": str(self.order)})

    def fails(self, second: int) -> Scene:
        return self._of_the_order(second, "Payment Failed", {"order_id": str(self.order)})

    def _of_the_order(self, second: int, event: str, properties: Any) -> Scene:
        return self.backend(second, event, {**properties, "email": self.email})


def ordered(order: str) -> dict[str, Any]:
    return {"order_id": order, "total": 2 * PRICE, "currency": "EUR", "products": [SHIRT]}
