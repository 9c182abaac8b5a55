"""The channels that reach a person: contacts, contact persons, consent."""

from typing import Any

import pytest

from stream.durations import DAY
from tests.driver import LAMP, START, Driver, items, recipe
from tests.people_driver import PeopleDriver, line

ALL = ["email", "sms", "push", "messenger"]
FIRED = ["fired cart-abandonment 1"]


def rules(**fields: Any) -> dict[str, Any]:
    return recipe(
        "cart-abandonment", **{"cooldown": 0, "ordered_within": 0, "steps": ["1h"], **fields}
    )


def cart(driver: Driver, *lines: dict[str, Any], id: str = "k", **who: Any) -> Driver:
    return driver.pipe("cart.updated", cart=items(*(lines or [LAMP]), id=id), **who)


def annas(**fields: Any) -> Driver:
    """Anna's cart, filled at START; its step is due an hour later."""
    return cart(Driver(rules(**fields)), customer="anna")


def refused(reason: str) -> list[str]:
    return [f"refused cart-abandonment 1 {reason}"]


@pytest.mark.parametrize(
    ("person", "channel", "story"),
    [
        ("email:hash", "email", FIRED),
        ("email:hash", "sms", refused("unreachable")),
        ("phone:hash", "sms", FIRED),
        ("phone:hash", "email", refused("unreachable")),
    ],
)
def test_a_contact_person_is_reached_by_what_names_it(
    person: str, channel: str, story: list[str]
) -> None:
    people = PeopleDriver(rules(channels=[channel])).idle(line("lamp", START), person=person)
    assert people.wait(DAY).story == story


def test_given_contacts_of_a_contact_person_are_its_only_ones() -> None:
    people = PeopleDriver(rules()).identified(person="email:hash", contacts=["push"])
    people.idle(line("lamp", START), person="email:hash").wait(DAY)
    assert [each["channels"] for each in people.fired] == [["push"]]


def test_consent_is_asked_of_a_contact_persons_own_channel() -> None:
    people = PeopleDriver(rules()).identified(person="email:hash", withdrawn=["email"])
    people.idle(line("lamp", START), person="email:hash").wait(DAY)
    assert people.story == refused("consent")


def test_an_anonymous_person_without_contacts_cannot_be_reached() -> None:
    assert cart(Driver(rules())).wait(DAY).story == refused("unreachable")
    assert cart(Driver(rules(reach="any"))).wait(DAY).story == FIRED


@pytest.mark.parametrize(
    ("contacts", "channels", "story"),
    [
        (["email"], ["sms"], refused("unreachable")),
        (["email", "sms"], ["sms", "push"], FIRED),
        ([], ["sms"], refused("unreachable")),
    ],
)
def test_a_person_with_contacts_is_reached_only_by_these(
    contacts: list[str], channels: list[str], story: list[str]
) -> None:
    driver = annas(channels=channels)
    driver.pipe("visitor.identified", customer="anna", contacts=contacts)
    assert driver.wait(DAY).story == story


def test_an_empty_list_of_contacts_means_none() -> None:
    driver = annas(channels=["sms"])
    driver.pipe("visitor.identified", customer="anna", contacts=["email"])
    driver.pipe("visitor.identified", customer="anna", contacts=[])
    assert driver.wait(DAY).story == refused("unreachable")


def test_a_trigger_has_the_channels_that_contacts_and_consent_allow() -> None:
    driver = annas().pipe("visitor.identified", customer="anna", contacts=["sms", "email"])
    driver.pipe("consent.changed", channels=["sms", "push"], granted=False).wait(DAY)
    assert [each["channels"] for each in driver.fired] == [["email"]]


@pytest.mark.parametrize(
    ("consent", "granted", "story"),
    [
        ("not_withdrawn", None, FIRED),
        ("not_withdrawn", False, refused("consent")),
        ("granted", None, refused("consent")),
        ("granted", True, FIRED),
    ],
)
def test_consent_is_asked_of_each_channel(
    consent: str, granted: bool | None, story: list[str]
) -> None:
    driver = annas(consent=consent)
    if granted is not None:
        driver.pipe("consent.changed", channels=ALL, granted=granted)
    assert driver.wait(DAY).story == story


def test_with_contacts_only_their_channels_count_for_consent() -> None:
    driver = annas().pipe("visitor.identified", customer="anna", contacts=["email"])
    driver.pipe("consent.changed", channels=["email"], granted=False)
    assert driver.wait(DAY).story == refused("consent")
