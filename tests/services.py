"""JSON Schemas of each messaging service's requests, written from its documentation, not from the presets.

Sources: developers.klaviyo.com (Create Event, revision 2026-07-15); braze.com/docs/api (Create and update
users, event object); docs.customer.io/api/track (Track a customer event); segment.com/docs (HTTP API).
"""

from collections.abc import Callable
from typing import Any, Final

import fastjsonschema

TIME: Final = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"}
NAME: Final = {"type": "string", "minLength": 1, "maxLength": 127}


def closed(required: dict[str, Any], **optional: Any) -> dict[str, Any]:
    """The schema of an object that allows only these fields."""
    return {
        "type": "object",
        "required": list(required),
        "properties": required | optional,
        "additionalProperties": False,
    }


def typed(kind: str, attributes: dict[str, Any]) -> dict[str, Any]:
    """A resource of JSON:API."""
    return closed({"data": closed({"type": {"const": kind}, "attributes": attributes})})


ID: Final = {"type": "string", "minLength": 1, "maxLength": 255}
PROPERTIES: Final = {"type": "object", "maxProperties": 400}

KLAVIYO: Final = typed(
    "event",
    closed(
        {
            "properties": PROPERTIES,
            "metric": typed("metric", closed({"name": NAME})),
            "profile": typed(
                "profile",
                closed({}, external_id=ID, anonymous_id=ID) | {"minProperties": 1},
            ),
        },
        time=TIME,
        unique_id=ID,
        value={"type": "number"},
        value_currency={"type": "string", "pattern": "^[A-Z]{3}$"},
    ),
)

BRAZE: Final = closed(
    {
        "events": {
            "type": "array",
            "minItems": 1,
            "maxItems": 75,
            "items": closed(
                {"name": NAME, "time": TIME},
                external_id=ID,
                user_alias=closed({"alias_name": ID, "alias_label": ID}),
                properties={"type": "object"},
                _update_existing_only={"type": "boolean"},
            )
            | {"oneOf": [{"required": ["external_id"]}, {"required": ["user_alias"]}]},
        }
    }
)

CUSTOMERIO: Final = closed(
    {"name": NAME},
    id={"type": "string", "pattern": "^[0-7][0-9A-HJKMNP-TV-Z]{25}$"},
    timestamp={"type": "integer", "minimum": 10**9, "maximum": 4 * 10**9},
    data={"type": "object"},
)

SEGMENT: Final = closed(
    {"event": NAME, "messageId": {"type": "string", "minLength": 1, "maxLength": 99}},
    userId=ID,
    anonymousId=ID,
    timestamp=TIME,
    properties={"type": "object"},
    context={"type": "object"},
) | {"anyOf": [{"required": ["userId"]}, {"required": ["anonymousId"]}]}

CHECKS: Final[dict[str, Callable[[Any], Any]]] = {
    "klaviyo": fastjsonschema.compile(KLAVIYO),
    "braze": fastjsonschema.compile(BRAZE),
    "customerio": fastjsonschema.compile(CUSTOMERIO),
    "segment": fastjsonschema.compile(SEGMENT),
}

MOST: Final = {
    "klaviyo": 5 * 1024**2,
    "braze": 50 * 1024,
    "customerio": 32 * 1024,
    "segment": 32 * 1024,
}
"""Largest request in bytes (Braze: largest event properties)."""
