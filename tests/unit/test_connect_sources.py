"""A sources file: what it may leave out, and how its faults are reported."""

from pathlib import Path
from typing import Any

import pytest

import schemas
from agents.connect.sources import SourcesError, load, read, unkeyed
from stream.connect.registry import REGISTRY, RENAMED
from stream.connect.source import HARMLESS, Source, no_key
from stream.events.types import TYPES

SECRETS = "kind: shopify, secrets: [hush]"


def fault(text: str, folder: Path = Path()) -> str:
    with pytest.raises(SourcesError) as caught:
        load(text, folder=folder)
    return str(caught.value)


def test_all_faults_of_a_file_are_told_in_the_order_of_its_lines() -> None:
    text = """sources:
- {name: shop, kind: shopify}
- {name: web, kind: segmnt, currency: EURO}
- {name: web, kind: segment, region: UK}
"""
    assert fault(text).splitlines() == [
        "sources:2: sources[0]: shopify needs secrets: what is not signed could come from anybody",
        "sources:3: sources[1].currency: must be a currency of ISO 4217, such as EUR",
        "sources:3: sources[1].kind: there is no kind segmnt: did you mean segment?",
        "sources:4: sources[2].name: web is there twice",
        "sources:4: sources[2].region: must be a region of ISO 3166, such as DE, or GB for the UK",
    ]


def test_faults_of_the_schema_and_of_other_rules_are_told_together() -> None:
    text = """\
sources:
- {name: a, kind: shopify, trust: nobody}
- kind: segment
  colour: blue
  keys: one
- {name: b, kind: woocommerce}
- {name: b, kind: segment, currency: EURO, keys: [0123456789abcdef]}"""
    assert [line.partition(" ")[0] for line in fault(text).splitlines()] == [
        "sources:2:",
        "sources:3:",
        "sources:4:",
        "sources:5:",
        "sources:6:",
        "sources:7:",
        "sources:7:",
    ]


def test_a_field_that_does_not_exist_is_told_of_each_source() -> None:
    text = """sources:
- {name: a, kind: ga4, key: [G-1]}
- {name: b, kind: ga4}
- {name: c, kind: ga4, trust: everybody}
"""
    assert [line.partition(" ")[0] for line in fault(text).splitlines()] == [
        "sources:2:",
        "sources:4:",
    ]


def test_all_fields_that_are_there_twice_are_told() -> None:
    text = """sources:
- {name: a, name: b, kind: ga4}
- {name: c, kind: ga4, kind: ga4}
"""
    assert fault(text).splitlines() == [
        "sources:2: name is there twice: keep one",
        "sources:3: kind is there twice: keep one",
    ]


def test_a_source_has_the_shipped_values_for_what_it_leaves_out() -> None:
    (found,) = load("sources: [{name: web, kind: segment}]")
    assert found.source == Source(name="web", kind="segment")
    assert (found.keys, found.secrets) == ((), ())


def test_a_source_has_every_setting_of_its_file() -> None:
    text = """
sources:
- name: web
  kind: segment
  keys: [wk-1, wk-2]
  trust: server
  cart_authority: false
  network_userid: true
  events: {Kit Viewed: product.viewed, Seen: ignore}
  steps: {1: contact, Delivery: shipping}
  consent: {marketing: [email, sms]}
  currency: NOK
  region: NO
  url_parameters: [Color]
"""
    (found,) = load(text)
    assert found.keys == ("wk-1", "wk-2")
    assert found.source == Source(
        name="web",
        kind="segment",
        trust="server",
        cart_authority=False,
        network_userid=True,
        events={"Kit Viewed": "product.viewed", "Seen": "ignore"},
        steps={"1": "contact", "Delivery": "shipping"},
        consent={"marketing": ["email", "sms"]},
        currency="NOK",
        region="NO",
        url_parameters=HARMLESS | {"color"},
    )


def test_a_kind_that_only_servers_send_is_trusted() -> None:
    text = f"sources: [{{name: a, {SECRETS}}}, {{name: b, kind: commercetools}}, {{name: c, kind: ga4}}]"
    found = load(text)
    assert [each.source.trust for each in found] == ["server", "server", "browser"]
    assert unkeyed(found) == ("a", "b")


def test_a_pixel_leaves_carts_to_the_webhooks_if_there_are_any() -> None:
    pixel = "{name: pixel, kind: shopify-pixel}"
    (alone,) = load(f"sources: [{pixel}]")
    assert alone.source.cart_authority
    shop, beside = load(f"sources: [{{name: shop, {SECRETS}}}, {pixel}]")
    assert (shop.source.cart_authority, beside.source.cart_authority) == (True, False)
    given = pixel.replace("pixel}", "pixel, cart_authority: true}")
    assert load(f"sources: [{{name: shop, {SECRETS}}}, {given}]")[1].source.cart_authority


def test_addresses_are_keyed_by_the_region_of_the_source() -> None:
    def keyed(region: str | None) -> Any:
        return lambda kind, raw: f"{region} {kind} {raw}"

    one, other = load(
        "sources: [{name: a, kind: ga4, region: DE}, {name: b, kind: ga4}]", keyed=keyed
    )
    assert one.source.key_of("phone", "1") == "DE phone 1"
    assert other.source.key_of("phone", "1") == "None phone 1"
    assert load("sources: [{name: a, kind: ga4}]")[0].source.key_of is no_key


def test_keys_and_secrets_are_read_from_files_beside_the_sources_file(tmp_path: Path) -> None:
    (tmp_path / "secrets").write_text("new\nold\n")
    (tmp_path / "keys").write_text("wk-1")
    file = tmp_path / "sources.yaml"
    file.write_text("sources: [{name: a, kind: shopify, secrets_file: secrets, keys_file: keys}]")
    (found,) = read(file)
    assert (found.keys, found.secrets) == (("wk-1",), ("new", "old"))


def test_secrets_do_not_show() -> None:
    (found,) = load("sources: [{name: a, kind: shopify, secrets: [hush], keys: [whisper]}]")
    assert "hush" not in repr(found)
    assert "whisper" not in repr(found)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "sources:1: file: sources is missing"),
        (
            "sources:\n- name: shop\n  kind: shopify\n  secret: [hush]",
            "sources:4: sources[0].secret: is no field here: did you mean secrets?",
        ),
        ("sources:\n- [", "sources:2: expected the node content, but found '<stream end>'"),
        ("a: 1\n--- \nb: 2", "sources:2: but found another document"),
        ("sources: \x07", "sources: expected a YAML file"),
        ("sources: " + "[" * 1000, "sources: expected a YAML file"),
        (
            "sources:\n- name: a\n  kind: segment\n  trust: full",
            "sources:4: sources[0].trust: is no value here: expected one of browser, server",
        ),
        (
            "sources:\n- name: a\n  kind: quill",
            "sources:3: sources[0].kind: there is no kind quill: expected one of adobe-commerce, cloudevents, ",
        ),
        (
            "sources:\n- {name: a, kind: ga4}\n- {name: a, kind: ga4}",
            "sources:3: sources[1].name: a is there twice",
        ),
        (
            "sources:\n- name: a\n  kind: ga4\n  currency: euro",
            "sources:4: sources[0].currency: must be a currency of ISO 4217, such as EUR",
        ),
        (
            "sources:\n- name: a\n  kind: ga4\n  region: UK",
            "sources:4: sources[0].region: must be a region of ISO 3166, such as DE, or GB for the UK",
        ),
        (
            "sources:\n- name: a\n  kind: woocommerce",
            "sources:2: sources[0]: woocommerce needs secrets: what is not signed could come from anybody",
        ),
        (
            "sources:\n- {name: a, kind: ga4, keys: [k-hush]}\n- {name: b, kind: ga4, keys: [k-hush]}",
            "sources:3: sources[1].keys: one of them is a source's before this: a's",
        ),
        (
            "sources:\n- name: a\n  kind: ga4\n  events:\n    Seen: seen",
            "sources:5: sources[0].events.Seen: is no value here: expected one of ignore, ",
        ),
        (
            "sources:\n- name: a\n  kind: ga4\n  cart_authority: 1",
            "sources:4: sources[0].cart_authority: expected true or false",
        ),
        (
            "sources:\n- name: a\n  kind: shopfy",
            "sources:3: sources[0].kind: there is no kind shopfy: did you mean shopify?",
        ),
        (
            "sources:\n- name: a\n  kind: ga4\n  keys: [k-1]\n  keys: [k-2]",
            "sources:5: keys is there twice: keep one",
        ),
    ],
)
def test_a_fault_is_reported_with_its_line(text: str, says: str) -> None:
    assert fault(text).startswith(says)


def test_a_file_that_repeats_itself_by_reference_is_read() -> None:
    text = "sources:\n- &a {name: a, kind: ga4, events: &e {Seen: ignore}}\n- {name: b, kind: ga4, events: *e}"
    assert [each.source.events for each in load(text)] == [{"Seen": "ignore"}] * 2
    assert "expected a map of fields" in fault("sources: &a [*a]")


@pytest.mark.parametrize(
    ("named", "says"),
    [
        ("secrets_file: none", "cannot read none (FileNotFoundError)"),
        ("secrets_file: empty", "there are no secrets in empty"),
        ("secrets_file: binary", "cannot read binary (UnicodeDecodeError)"),
        ("secrets: [x], secrets_file: empty", "secrets stand in the file, too: keep one"),
    ],
)
def test_a_fault_of_a_file_is_reported_where_the_file_is_named(
    tmp_path: Path, named: str, says: str
) -> None:
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"\xff")
    text = f"sources:\n- name: a\n  kind: shopify\n  {named.replace(', ', chr(10) + '  ')}"
    line = 5 if "," in named else 4
    assert fault(text, tmp_path) == f"sources:{line}: sources[0].secrets_file: {says}"


def test_a_binary_file_is_reported(tmp_path: Path) -> None:
    file = tmp_path / "sources.yaml"
    file.write_bytes(b"\xff")
    with pytest.raises(SourcesError, match="expected a text file in UTF-8"):
        read(file)


def test_events_of_the_shop_may_be_any_type_of_ours() -> None:
    source = schemas.load("sources")["definitions"]["source"]["properties"]
    assert set(source["events"]["additionalProperties"]["enum"]) == TYPES | {"ignore"}
    assert set().union(*RENAMED.values()) == TYPES | {"ignore"}


def test_every_kind_says_what_names_of_the_shop_may_mean() -> None:
    assert RENAMED.keys() == REGISTRY.keys()


@pytest.mark.parametrize(
    ("kind", "type"), [(kind, type) for kind in REGISTRY for type in sorted(TYPES)]
)
def test_a_name_may_mean_what_its_kind_can_make(kind: str, type: str) -> None:
    text = f"sources:\n- name: a\n  kind: {kind}\n  secrets: [hush]\n  events:\n    Seen: {type}"
    if type in RENAMED[kind]:
        assert load(text)[0].source.events == {"Seen": type}
    else:
        says = fault(text)
        assert says.startswith(f"sources:6: sources[0].events.Seen: of {kind} expected one of ")
        assert says.endswith(f", got {type}")
