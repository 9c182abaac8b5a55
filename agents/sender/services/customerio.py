"""Customer.io: POST /api/v1/customers/{identifier}/events of the Track API.

Source: docs.customer.io/api/track. Customer.io accepts an event of one `id` once. The id must be a ULID
(github.com/ulid/spec). It is made from the message's time and id, so it is the same in every attempt.
"""

from base64 import b64encode
from hashlib import sha256
from typing import ClassVar, Final
from urllib.parse import quote

from agents.sender.services.notification import Notification
from agents.sender.services.preset import Preset

CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class CustomerIo(Preset):
    """Customer.io. The identifier of a customer is the customer's id; of any other person, the full name."""

    name: ClassVar = "customerio"
    address: ClassVar = "https://track.customer.io"
    rate: ClassVar = 100
    most: ClassVar = 30 * 1024
    key: ClassVar = "SITE_ID:API_KEY of the Track API"

    def path(self, notification: Notification) -> str:
        person = notification.person
        name = person.id if person.sort == "customer" else person.name
        return f"/api/v1/customers/{quote(name, safe='')}/events"

    def headers(self) -> dict[str, str]:
        basic = b64encode(self._key.encode()).decode()
        return {"Authorization": f"Basic {basic}", "Content-Type": "application/json"}

    def body(self, notification: Notification) -> object:
        return {
            "name": notification.event,
            "id": ulid(notification.time, notification.id),
            "timestamp": notification.time // 1000,
            "data": notification.properties,
        }

    @classmethod
    def fault(cls, key: str) -> str | None:
        site, colon, secret = key.partition(":")
        right = site and colon and secret and super().fault(key) is None
        return None if right else f"expected {cls.key}"


def ulid(ms: int, id: str) -> str:
    """A ULID: 48 bits of time and 80 bits of the id's SHA-256, as 26 characters of Crockford's base 32."""
    number = ms << 80 | int.from_bytes(sha256(id.encode()).digest()[:10])
    return "".join(CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))
