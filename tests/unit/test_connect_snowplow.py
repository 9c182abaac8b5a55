"""Events of Snowplow's plugin for shops."""

import json
from typing import Any

import pytest

from stream.connect.registry import translate
from stream.connect.request import Request
from stream.connect.source import Source

NOW = 1_796_031_001_000
"""2026-11-30 09:30:01 UTC."""

OWN = "iglu:com.snowplowanalytics.snowplow"
SHOP = f"{OWN}.ecommerce"


def described(schema: str, data: Any) -> dict[str, Any]:
    return {"schema": f"{schema}/jsonschema/1-0-0", "data": data}


def acted(action: dict[str, Any], *products: dict[str, Any]) -> list[dict[str, Any]]:
    """The events that an action with these product entities becomes."""
    event = described(f"{SHOP}/snowplow_ecommerce_action", action)
    entities = [described(f"{SHOP}/product", product) for product in products]
    sent = {
        "e": "ue",
        "p": "web",
        "duid": "a2f7c1de-3f0b-4d6e-9d1a-1f4a5b6c7d8e",
        "ue_pr": json.dumps(described(f"{OWN}/unstruct_event", event)),
        "co": json.dumps(described(f"{OWN}/contexts", entities)),
    }
    body = json.dumps(described(f"{OWN}/payload_data", [sent])).encode()
    given = Request("/com.snowplowanalytics.snowplow/tp2", body=body)
    return translate("snowplow", given, Source(name="s", kind="snowplow"), NOW).events


def test_a_list_without_a_name_is_the_category_of_its_first_product() -> None:
    mug, lamp = {"id": "mug", "category": "Mugs"}, {"id": "lamp", "category": "Lamps"}
    (viewed,) = acted({"type": "list_view"}, mug, lamp)
    assert (viewed["type"], viewed["category"]) == ("category.viewed", "Mugs")


def test_a_list_without_a_name_and_products_is_a_sign_of_presence() -> None:
    assert [each["type"] for each in acted({"type": "list_view"})] == ["activity.pinged"]


@pytest.mark.parametrize(
    ("stamps", "client_time"),
    [
        ({"derived": "09:29:50"}, NOW - 11_000),
        (
            {"derived": "09:29:50", "collector": "09:29:59", "dvce_created": "09:00:00"},
            NOW - 11_000,
        ),
        (
            {"collector": "09:29:59", "dvce_sent": "08:00:07", "dvce_created": "08:00:02"},
            NOW - 7_000,
        ),
        (
            {"collector": "09:30:09", "dvce_sent": "08:00:07", "dvce_created": "08:00:02"},
            NOW - 5_000,
        ),
        ({"collector": "09:29:59", "dvce_created": "08:00:02"}, None),
        ({"collector": "09:29:59", "dvce_sent": "08:00:07"}, None),
        ({"dvce_sent": "08:00:07", "dvce_created": "08:00:02"}, None),
    ],
)
def test_a_row_without_the_derived_time_happened_so_long_before_the_collector_got_it(
    stamps: dict[str, str], client_time: int | None
) -> None:
    """As long as it waited on its device. A collector's clock is not ahead of ours."""
    row = {"event": "page_view", "event_id": "e", "platform": "web", "domain_userid": "phone"}
    row |= {f"{name}_tstamp": f"2026-11-30T{time}Z" for name, time in stamps.items()}
    given = Request("", body=json.dumps(row).encode())
    (event,) = translate("snowplow", given, Source(name="s", kind="snowplow"), NOW).events
    assert event.get("client_time") == client_time
