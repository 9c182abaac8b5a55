"""The largest record of each sort fits into a message of its topic."""

from typing import Any

import pytest

import schemas
from agents.bridge import translating
from agents.collector import rejects
from agents.published import published_log
from agents.sender import dead_letters as sender_letters
from agents.worker import dead_letters as worker_letters
from stream import limits
from stream.durations import MINUTE
from tests.driver import Driver, recipe

RECORD_HEADERS = 64 * 1024
"""Bytes: more than the key and the headers of a dead letter have."""

WIDEST = "\U0001f600"
"""Four bytes in UTF-8: the most a character can take."""

TEXTS = dict.fromkeys(("name", "url", "image"), WIDEST * limits.LONGEST_TEXT)
TEXTS["category"] = WIDEST * 9_000
"""With the other texts it fills an event of 64 KiB."""

SHELF = {"id": "p", "category": WIDEST * 16_000}
"""A product that is nearly all category."""


def hostile(driver: Driver, visitor: str) -> Driver:
    """A cart and views as large as they get, under a customer's id that many visitors give."""
    for number in range(50):
        item = {"product_id": WIDEST * 126 + f"{number:02}", "quantity": 1, **TEXTS}
        driver.pipe("cart.item_added", visitor, item=item, customer="till")
    for number in range(20):
        product = {"id": WIDEST * 126 + f"{number:02}", **TEXTS}
        driver.pipe("product.viewed", visitor, product=product)
    return driver.pipe("search.performed", visitor, query=WIDEST * 15_000)


def limit(topic: str) -> int:
    topics: list[dict[str, Any]] = schemas.load("topics")["topics"]
    (found,) = [each["max_message"] for each in topics if each["name"] == topic]
    return int(found)


def test_the_largest_states_and_facts_fit_into_messages_of_their_topics() -> None:
    rules = {"name": "cart-abandonment", "reach": "any"}
    driver = Driver({"recipes": [rules, {**rules, "name": "again", "kind": "cart-abandonment"}]})
    for number in range(12):
        hostile(driver, f"device{number:02}")
    for number in range(12, 50):
        driver.pipe("product.viewed", f"device{number}", product=SHELF, customer="till")
        driver.pipe("cart.item_added", f"device{number}", item={"product_id": "p"})
    visitors, _, people = driver.wait(6 * MINUTE).changelogs
    largest_visitor = max(len(value) for _, value in visitors if value is not None)
    largest_person = max(len(value) for _, value in people if value is not None)
    assert 1_000_000 < largest_visitor < limit("state.visitors") / 2
    assert 4_000_000 < largest_person < limit("state.people") * 0.9
    assert max(map(len, driver.raw_facts)) < limit("visitor.facts") / 2


def test_the_largest_trigger_fits_into_a_message_of_its_topic() -> None:
    driver = hostile(Driver(recipe("cart-abandonment", steps=["10m"])), "phone")
    assert (
        500_000 < max(map(len, driver.wait(20 * MINUTE).raw_triggers)) < limit("triggers.<recipe>")
    )


def test_finished_episodes_keep_no_category() -> None:
    driver = Driver(recipe("cart-abandonment", reach="any"))
    for number in range(150):
        cart = {"id": f"k{number}", "items": [{"product_id": f"p{number}"}]}
        driver.pipe("product.viewed", product=SHELF).pipe("cart.updated", cart=cart)
        driver.wait(6 * MINUTE)
    _, _, people = driver.changelogs
    assert len(driver.story) > 100
    assert max(len(value) for _, value in people if value is not None) < 1_000_000


@pytest.mark.parametrize(
    ("topic", "largest"),
    [
        ("recipes", published_log.LARGEST),
        ("sender.undelivered", sender_letters.LARGEST),
        ("storefront.rejected", worker_letters.LARGEST + RECORD_HEADERS),
        ("storefront.rejected", rejects.LARGEST + RECORD_HEADERS),
        ("bridge.unreadable", translating.LARGEST + RECORD_HEADERS),
    ],
)
def test_a_topic_takes_the_largest_record_that_is_written_to_it(topic: str, largest: int) -> None:
    assert 0 < largest <= limit(topic)


def test_a_dead_letter_holds_the_largest_trigger() -> None:
    driver = hostile(Driver(recipe("cart-abandonment", steps=["10m"])), "phone")
    largest = max(map(len, driver.wait(20 * MINUTE).raw_triggers))
    assert largest + RECORD_HEADERS <= sender_letters.LARGEST
