"""The requests of the messaging services, and what their answers mean."""

import json
from base64 import b64decode
from pathlib import Path
from typing import Any, NamedTuple, cast

import msgspec
import pytest

from agents.config.settings import SettingsError
from agents.sender import message
from agents.sender.services.customerio import ulid
from agents.sender.services.notification import notification, shortened
from agents.sender.services.preset import Preset, ServiceRequest
from agents.sender.services.registry import PRESETS
from agents.sender.services.webhook import Webhook
from agents.sender.webhook import service
from tests.services import CHECKS, MOST
from tests.unit.test_sender_settings import LEAST, mistakes, read

EXAMPLES = Path(__file__).parents[2] / "schemas" / "examples"
FIRED = json.loads((EXAMPLES / "trigger.fired/valid/cart.json").read_text())
CANCELLED = json.loads(next((EXAMPLES / "trigger.cancelled/valid").glob("*.json")).read_text())
KEYS = {"customerio": "site:secret"}
NOW = 1767230000000

each = pytest.mark.parametrize("name", PRESETS)


def preset(name: str) -> Preset:
    return PRESETS[name]("https://service.example/", KEYS.get(name, "secret"))


def request(name: str, event: dict[str, Any]) -> ServiceRequest:
    return preset(name).request(message.read(json.dumps(event).encode()))


def of(person: str, event: dict[str, Any] = FIRED) -> dict[str, Any]:
    return event | {"data": event["data"] | {"person": person}}


def large() -> dict[str, Any]:
    """A trigger with 200 lines of a kilobyte."""
    line = FIRED["data"]["cart"]["items"][0] | {"name": "ü" * 500}
    cart = FIRED["data"]["cart"] | {"items": [line] * 200}
    return FIRED | {"data": FIRED["data"] | {"cart": cart}}


def test_every_service_has_known_request_shapes() -> None:
    assert set(PRESETS) == set(CHECKS) == set(MOST)


@each
@pytest.mark.parametrize("person", ["customer:c-1", "email:nZ3x", "phone:nZ3x", "visitor:v-1"])
@pytest.mark.parametrize("event", [FIRED, CANCELLED], ids=["fired", "cancelled"])
def test_every_request_has_the_shape_that_the_service_documents(
    name: str, person: str, event: dict[str, Any]
) -> None:
    found = request(name, of(person, event))
    CHECKS[name](json.loads(found.body))
    assert found.url.startswith("https://service.example/")


@each
def test_a_large_cart_is_cut_to_the_services_limit_and_counts_left_out_items(
    name: str,
) -> None:
    found = request(name, large())
    assert len(found.body) <= MOST[name]
    if name != "klaviyo":
        assert b'"items_left_out":' in found.body


LIFE = ("welcome", "post-purchase", "replenishment", "audience")
OF_LIFE = [
    json.loads(file.read_text())
    for kind in LIFE
    for file in sorted((EXAMPLES / "kinds" / kind / "valid").glob("*.json"))
]


@each
@pytest.mark.parametrize("event", OF_LIFE, ids=lambda event: str(event["data"]["recipe"]))
def test_life_triggers_have_the_shape_that_the_service_documents(
    name: str, event: dict[str, Any]
) -> None:
    found = json.loads(request(name, event).body)
    CHECKS[name](found)
    kept = {"order", "product", "also", "audience"} & event["data"].keys()
    assert all(f'"{each}":' in json.dumps(found) for each in kept)


def long(name: str) -> dict[str, Any]:
    """A trigger with 200 items of a kilobyte."""
    event = next(each for each in OF_LIFE if each["data"].get(name))
    data = event["data"]
    if name == "order":
        line = data["order"]["items"][0] | {"name": "ü" * 500}
        return event | {"data": data | {"order": data["order"] | {"items": [line] * 200}}}
    return event | {"data": data | {"also": [data["also"][0] | {"name": "ü" * 500}] * 200}}


@each
@pytest.mark.parametrize("shown", ["order", "also"])
def test_a_long_order_and_many_products_are_cut_to_what_the_service_takes(
    name: str, shown: str
) -> None:
    found = request(name, long(shown))
    assert len(found.body) <= MOST[name]
    if name != "klaviyo":
        assert b'left_out":' in found.body


def test_klaviyo_gets_the_currency_of_an_order() -> None:
    (event,) = [each for each in OF_LIFE if (each["data"].get("order") or {}).get("value")][:1]
    attributes = json.loads(request("klaviyo", event).body)["data"]["attributes"]
    assert attributes["value_currency"] == event["data"]["order"]["currency"]


def test_a_cart_that_fits_is_not_cut() -> None:
    properties = notification(message.read(json.dumps(FIRED).encode()), 10_000).properties
    assert "items_left_out" not in properties["cart"]
    assert shortened({"recipe": "x" * 100}, 10) == {"recipe": "x" * 100}


@each
def test_a_request_is_the_same_at_every_try(name: str) -> None:
    assert request(name, FIRED) == request(name, FIRED)


@each
def test_a_cancel_is_a_separate_event_with_its_own_id_for_the_same_person(
    name: str,
) -> None:
    fired, cancelled = (said(name, event) for event in (FIRED, CANCELLED))
    assert fired.event == "cart-abandonment"
    assert cancelled.event == "cart-abandonment cancelled"
    assert fired.id != cancelled.id
    assert fired.person == cancelled.person


class Said(NamedTuple):
    event: str
    id: str
    person: str


def said(name: str, event: dict[str, Any]) -> Said:
    """(name, id, person) in the request of each service. Braze has an id only in the properties."""
    made = request(name, event)
    document = json.loads(made.body)
    if name == "klaviyo":
        found = document["data"]["attributes"]
        profile = found["profile"]["data"]["attributes"]
        metric = found["metric"]["data"]["attributes"]
        return Said(metric["name"], found["unique_id"], profile["external_id"])
    if name == "braze":
        (found,) = document["events"]
        id = found["name"] + found["properties"]["trigger_id"]
        return Said(found["name"], id, found["external_id"])
    if name == "customerio":
        return Said(document["name"], document["id"], made.url)
    return Said(document["event"], document["messageId"], document["userId"])


def test_klaviyo_gets_value_and_currency_and_the_key_in_its_own_scheme() -> None:
    found = request("klaviyo", FIRED)
    attributes = json.loads(found.body)["data"]["attributes"]
    assert (attributes["value"], attributes["value_currency"]) == (159.8, "EUR")
    assert attributes["properties"]["valid_until"] == "2026-01-02T01:00:00.000Z"
    assert attributes["properties"]["channel_email"] is True
    assert attributes["properties"]["channel_sms"] is False
    assert found.headers["Authorization"] == "Klaviyo-API-Key secret"
    assert found.url == "https://service.example/api/events"


def test_the_explanation_of_a_decision_is_left_out() -> None:
    for name in PRESETS:
        assert b"e-1" not in request(name, FIRED).body
        assert b"passed" not in request(name, FIRED).body


def test_the_address_of_a_customer_in_customerio_is_its_id_escaped() -> None:
    found = request("customerio", of("customer:a/b c"))
    assert found.url == "https://service.example/api/v1/customers/a%2Fb%20c/events"
    assert b64decode(found.headers["Authorization"].split()[1]) == b"site:secret"
    contact = request("customerio", of("email:nZ3x"))
    assert contact.url == "https://service.example/api/v1/customers/email%3AnZ3x/events"


def test_a_ulid_begins_with_its_time() -> None:
    """The example of the specification: 1469918176385 ms is 01ARYZ6S41."""
    assert ulid(1469918176385, "x").startswith("01ARYZ6S41")
    assert len(ulid(0, "x")) == 26
    assert ulid(1, "x") != ulid(1, "y")


@each
@pytest.mark.parametrize(
    ("status", "verdict", "wait"),
    [
        (200, "delivered", None),
        (202, "delivered", None),
        (400, "refused", None),
        (401, "failed", 60_000),
        (403, "failed", 60_000),
        (404, "refused", None),
        (429, "failed", 7_000),
        (500, "failed", 7_000),
    ],
)
def test_each_answer_has_a_verdict(name: str, status: int, verdict: str, wait: int | None) -> None:
    answer = preset(name).answered(status, {"retry-after": "7"}, b"", NOW)
    assert (answer.verdict, answer.retry_after) == (verdict, wait)


def test_an_event_that_braze_leaves_out_in_a_201_is_refused() -> None:
    braze = preset("braze")
    fine = braze.answered(201, {}, b'{"message":"success","events_processed":1}', NOW)
    body = b'{"message":"success","errors":[{"type":"bad","input_array":"events","index":0}]}'
    assert fine.verdict == "delivered"
    assert braze.answered(201, {}, body, NOW).verdict == "refused"
    assert braze.answered(201, {}, b"not json", NOW).verdict == "delivered"


def test_the_reset_time_of_braze_is_in_seconds_since_1970() -> None:
    reset = {"x-ratelimit-reset": str(NOW // 1000 + 30)}
    assert preset("braze").answered(429, reset, b"", NOW).retry_after == 30_000
    assert (
        preset("braze").answered(429, {"x-ratelimit-reset": "soon"}, b"", NOW).retry_after is None
    )


def test_a_service_needs_a_key_and_no_secret() -> None:
    least = {"TRIGGERS_KAFKA": "localhost:9092", "TRIGGERS_SENDER_SERVICE": "klaviyo"}
    (found,) = mistakes(least)
    assert found.startswith("TRIGGERS_SENDER_KEY is not set: klaviyo needs a private API key")
    (found,) = mistakes(least | {"TRIGGERS_SENDER_SERVICE": "braze", "TRIGGERS_SENDER_KEY": "k"})
    assert found.startswith("TRIGGERS_WEBHOOK_URL is not set")


def test_a_malformed_key_is_refused_and_never_quoted() -> None:
    (found,) = mistakes(
        LEAST | {"TRIGGERS_SENDER_SERVICE": "customerio", "TRIGGERS_SENDER_KEY": "hunter2"}
    )
    assert found == "TRIGGERS_SENDER_KEY: expected SITE_ID:API_KEY of the Track API"


def test_a_service_that_does_not_exist_is_refused() -> None:
    with pytest.raises(SettingsError, match="TRIGGERS_SENDER_SERVICE"):
        read(SENDER_SERVICE="mailer")


def test_the_rate_defaults_to_the_services() -> None:
    assert read(SENDER_SERVICE="klaviyo", SENDER_KEY="k").rate == 58
    assert read(SENDER_SERVICE="klaviyo", SENDER_KEY="k", SENDER_RATE="5").rate == 5
    assert read().rate == 0


@pytest.mark.parametrize(
    ("person", "named"),
    [
        ("customer:c-1", {"userId": "c-1"}),
        ("email:nZ3x", {"userId": "email:nZ3x"}),
        ("visitor:v-1", {"anonymousId": "v-1"}),
    ],
)
def test_segment_and_klaviyo_know_a_person_by_its_kind(person: str, named: dict[str, str]) -> None:
    found = json.loads(request("segment", of(person, FIRED)).body)
    assert {name: found[name] for name in ("userId", "anonymousId") if name in found} == named
    made = json.loads(request("klaviyo", of(person, FIRED)).body)["data"]["attributes"]
    (id,) = named.values()
    key = "anonymous_id" if "anonymousId" in named else "external_id"
    assert made["profile"]["data"]["attributes"] == {key: id}


@pytest.mark.parametrize(
    ("person", "named"),
    [
        ("customer:c-1", {"external_id": "c-1"}),
        (
            "visitor:v-1",
            {
                "user_alias": {"alias_name": "visitor:v-1", "alias_label": "storefront"},
                "_update_existing_only": False,
            },
        ),
    ],
)
def test_braze_creates_a_person_that_it_does_not_know(person: str, named: dict[str, Any]) -> None:
    ((event),) = json.loads(request("braze", of(person, FIRED)).body)["events"]
    assert {name: event[name] for name in event.keys() - {"name", "time", "properties"}} == named


def test_a_request_for_a_service_goes_through_its_preset() -> None:
    made = service(read(SENDER_SERVICE="braze", SENDER_KEY="k", WEBHOOK_URL="https://b.example/"))
    assert type(made) is PRESETS["braze"]
    assert cast(Any, made).base == "https://b.example"
    assert isinstance(service(read()), Webhook)
    assert {name: (each.rate, each.most) for name, each in PRESETS.items()} == {
        "klaviyo": (58, 1024 * 1024),
        "braze": (500, 48 * 1024),
        "customerio": (100, 30 * 1024),
        "segment": (500, 30 * 1024),
    }
    assert [name for name, each in PRESETS.items() if each.asks_for_body] == ["braze"]


@pytest.mark.parametrize("name", ["klaviyo", "braze", "segment"])
@pytest.mark.parametrize(("key", "fits"), [("pk_1", True), ("pk\n1", False), ("schlüssel", False)])
def test_a_key_is_printable_ascii(name: str, key: str, fits: bool) -> None:
    found = PRESETS[name].fault(key)
    assert found == (None if fits else f"expected {PRESETS[name].key}")


def test_a_cart_without_room_for_a_line_has_none() -> None:
    line = {"product_id": "x" * 500}
    for number, kept in ((1, 0), (3, 1)):
        given = {"cart": {"id": "c", "items": [line] * 3}}
        found = shortened(given, 100 + 600 * (number > 1))
        assert len(found["cart"]["items"]) == kept
        assert found["cart"]["items_left_out"] == 3 - kept


@pytest.mark.parametrize("name", ["cart", "order", "also"])
@pytest.mark.parametrize("kept", range(5))
def test_no_more_lines_are_left_out_than_must_be(name: str, kept: int) -> None:
    lines = [{"product_id": f"product-{number}"} for number in range(5)]

    def shown(kept: int) -> dict[str, Any]:
        if name == "also":
            return {"also": lines[:kept], "also_left_out": 5 - kept}
        return {name: {"items": lines[:kept], "items_left_out": 5 - kept}}

    given = {"also": lines} if name == "also" else {name: {"items": lines}}
    most = len(msgspec.json.encode(shown(kept)))
    assert shortened(given, most) == shown(kept)
    assert shortened(given, most - 1) == shown(max(kept - 1, 0))
