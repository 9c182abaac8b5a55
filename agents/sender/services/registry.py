"""The messaging services, by their names in TRIGGERS_SENDER_SERVICE. A new one needs a file, and a line here."""

from typing import Final

from agents.sender.services.braze import Braze
from agents.sender.services.customerio import CustomerIo
from agents.sender.services.klaviyo import Klaviyo
from agents.sender.services.preset import Preset
from agents.sender.services.segment import Segment

PRESETS: Final[dict[str, type[Preset]]] = {
    preset.name: preset for preset in (Klaviyo, Braze, CustomerIo, Segment)
}

WEBHOOK: Final = "webhook"
"""The name of the signed webhook (`webhook.py`), which has secrets instead of a key."""
