"""Events of Snowplow's plugin for shops."""

import json
from typing import Any

from stream.connect.registry import translate
from stream.connect.request import Request
from stream.connect.source import Source

NOW = 1_796_031_001_000
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
