"""Webhooks of WooCommerce's legacy API, in the form of today's. Old webhooks keep it, by a plugin. Source: docs/connect.md, 1.4."""

from typing import Any, Final

NAMES: Final = {
    "created_at": "date_created_gmt",
    "updated_at": "date_modified_gmt",
    "last_update": "date_modified_gmt",
    "billing_address": "billing",
}
"""Fields of an order or a customer that have another name today. All times are UTC."""


def renewed(body: Any) -> Any:
    """The object in the names of today. A legacy body wraps it: `{"order": {…}}`, `{"customer": {…}}`."""
    if not isinstance(body, dict) or "id" in body:
        return body
    found = next((body[kind] for kind in ("order", "customer") if kind in body), None)
    if not isinstance(found, dict):
        return body
    return {**found, **{new: found[old] for old, new in NAMES.items() if old in found}}
