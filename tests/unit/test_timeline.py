"""The timeline shows a person's story in sentences that a marketer understands."""

import dataclasses
import json
from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from agents.explain import event_records, refusal_reasons
from agents.explain.event_text import SENTENCES
from agents.explain.lookup import Answer
from agents.explain.timeline import Story, StoryLine, lines
from schemas import load, names
from stream import backtest, recipes_file
from stream.recipes.recipe import Recipes

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
START = 1_767_571_200_000 + 14 * HOUR
"""Mon 5 Jan 2026 14:00 UTC."""

DRILL = {"product_id": "drill", "name": "Drill", "quantity": 2, "price": 59.5}


def event(type: str, after: int, visitor: str = "phone", **body: Any) -> dict[str, Any]:
    """An event at START + `after` ms."""
    return {
        "t": START + after, "id": f"{type}-{after}", "type": type, "visitor": visitor, **body
    }  # fmt: skip


def login(after: int, customer: str = "anna", visitor: str = "phone") -> dict[str, Any]:
    return event("visitor.identified", after, visitor, customer=customer, contacts=["email"])


def decided(*events: dict[str, Any], people: tuple[str, ...] = ("customer:anna", "visitor:phone"),
            by: Recipes = recipes_file.DEFAULT) -> Story:  # fmt: skip
    """The story of these events, with the service's decisions."""
    triggers, decisions = backtest.decide([json.dumps(each).encode() for each in events], by)
    of = frozenset(people)
    return Story(
        of,
        events,
        [each for each in map(json.loads, decisions) if each["person"] in of],
        [each for each in map(json.loads, triggers) if each["subject"] in of],
    )


def lines_of(
    story: Story, by: Recipes = recipes_file.DEFAULT, zone: str = "UTC"
) -> list[StoryLine]:
    return lines(story, by, ZoneInfo(zone))


def texts(found: list[StoryLine]) -> list[str]:
    return [line.text for line in found]


def of_kind(found: list[StoryLine], kind: str) -> list[StoryLine]:
    return [line for line in found if line.kind == kind]


CART_LEFT = (login(0), event("cart.item_added", 1000, item=DRILL))


def test_a_reminder_is_shown_with_what_led_to_it() -> None:
    first = of_kind(lines_of(decided(*CART_LEFT)), "fired")[0]
    assert first.at == START + 1000 + HOUR
    assert first.text == "cart-abandonment 1 of 3 was sent by email"
    assert first.details == (
        "Cart: 2 × Drill, 119.00.",
        "Because they were inactive for 1 hour, and nothing held it back.",
        "Good until Tue 6 Jan 15:00.",
    )


def test_an_event_without_a_device_came_from_a_server() -> None:
    story = Story(frozenset(("customer:anna",)))
    assert Answer("customer:anna", ("p1", "~customer:anna", "~cart:1"), story).places == (
        "p1",
        "a server",
    )
    assert Answer("customer:anna", ("p1",), story).places == ("p1",)


def test_a_deadline_that_has_not_come_is_not_shown() -> None:
    story = Story(frozenset(("customer:anna",)), CART_LEFT, now=START + 5 * MINUTE)
    assert of_kind(lines_of(story), "quiet") == []
    assert of_kind(lines_of(dataclasses.replace(story, now=START + HOUR)), "quiet") != []


def test_the_story_is_in_order_of_time() -> None:
    found = lines_of(decided(*CART_LEFT))
    assert [line.at for line in found] == sorted(line.at for line in found)
    assert texts(found)[:4] == [
        "phone is known as anna, can be reached by email",
        "phone put 2 × Drill into the cart",
        "phone has been inactive since 14:00:01",
        "cart-abandonment 1 of 3 was sent by email",
    ]


def test_a_step_that_may_still_come_is_announced() -> None:
    story = decided(*CART_LEFT)
    so_far = Story(story.people, story.events, story.decisions[:1], story.triggers[:1])
    assert "Next is step 2 of 3, not before Tue 6 Jan 14:00." in (
        of_kind(lines_of(so_far), "fired")[0].details
    )


def test_times_are_in_the_zone_asked_for() -> None:
    found = lines_of(decided(*CART_LEFT), zone="Asia/Tokyo")
    assert "phone has been inactive since 23:00:01" in texts(found)


def test_a_purchase_ends_the_reminders_and_cancels_the_valid_one() -> None:
    order = event("order.placed", 2 * HOUR, order={"id": "o1", "value": 119, "currency": "EUR"})
    found = lines_of(decided(*CART_LEFT, order))
    assert texts(found)[-3:] == [
        "phone ordered (o1, 119.00 EUR)",
        "cart-abandonment ended with 2 steps left",
        "cart-abandonment 1 of 3 was cancelled: they ordered (o1)",
    ]
    assert of_kind(found, "closed")[0].details == (
        "Because they ordered.",
        "Without the order it would have continued.",
    )


def test_a_withdrawn_consent_cancels_the_valid_message() -> None:
    withdrawn = event("consent.changed", 2 * HOUR, channels=["email"], granted=False)
    found = lines_of(decided(*CART_LEFT, withdrawn))
    assert "phone wants no messages by email" in texts(found)
    assert "cart-abandonment 1 of 3 was cancelled: consent was withdrawn" in texts(found)


def test_an_unreachable_visitor_is_shown_with_what_would_have_reached_them() -> None:
    found = lines_of(decided(CART_LEFT[1]))
    assert of_kind(found, "refused")[0].text == "cart-abandonment 1 of 3 was held back"
    assert of_kind(found, "refused")[0].details == (
        "Because no channel reaches them: no login, or no address for its channels.",
        "With a login, and contacts among email, sms, push or messenger if any are given, "
        "it would have been sent.",
    )


def test_an_exit_trigger_is_shown_with_its_signals_and_offer() -> None:
    product = {"id": "drill"}
    found = lines_of(
        decided(
            event("product.viewed", 0, product=product),
            event("cart.item_added", 9_000, item=DRILL),
            event("exit.signal", 15_000, signal="close_shortcut"),
        )
    )
    shown = of_kind(found, "fired")[0]
    assert shown.text == "exit-intent was shown"
    assert shown.details[1:] == (
        "Because they seemed about to leave: 0.87 of 1 (close_shortcut).",
        "With the offer free-shipping.",
        "Good for 30 seconds.",
    )


def test_an_exit_signal_that_came_too_soon_has_its_reason() -> None:
    found = lines_of(
        decided(
            event("product.viewed", 0, product={"id": "drill"}),
            event("exit.signal", 5_000, signal="close_shortcut"),
        )
    )
    assert of_kind(found, "refused")[0].text == "exit-intent was not shown"
    assert of_kind(found, "refused")[0].details[1] == (
        "The same signal a few seconds later would have passed."
    )


def test_a_cooldown_is_shown_with_the_day_on_which_it_ends() -> None:
    lone = recipes_file.parse({"recipes": [{"name": "cart-abandonment", "steps": ["1h"]}]})
    again = event("cart.item_added", DAY, item={"product_id": "saw", "quantity": 1})
    emptied = event("cart.updated", DAY - HOUR, cart={"items": []})
    refused = of_kind(lines_of(decided(*CART_LEFT, emptied, again, by=lone), lone), "refused")
    assert refused[0].details == (
        "Because one was sent on Mon 5 Jan 15:00, and two must be 7 days apart.",
        "From Mon 12 Jan 15:00 on it would have been sent, or after an order.",
    )


def test_a_message_deferred_for_the_night_is_shown_with_its_morning() -> None:
    night = recipes_file.parse({"policy": {"quiet": {"from": "15:00", "to": "08:00"}}})
    waiting = of_kind(lines_of(decided(*CART_LEFT, by=night), night), "deferred")[0]
    assert waiting.text == "cart-abandonment 1 of 3 waits until Tue 6 Jan 08:00"
    assert waiting.details[0] == "Because it is night where they are."


def test_events_of_another_customer_on_the_same_device_are_left_out() -> None:
    other = login(2 * HOUR, customer="ben")
    seen = event("product.viewed", 2 * HOUR + 1, product={"id": "secret"}, customer="ben")
    found = texts(lines_of(decided(*CART_LEFT, other, seen)))
    assert not any("ben" in text or "secret" in text for text in found)
    assert "cart-abandonment 3 of 3 was sent by email" in found


def test_a_repeated_event_is_shown_once() -> None:
    assert len(of_kind(lines_of(decided(*CART_LEFT, CART_LEFT[1])), "did")) == 2


def test_a_decision_written_twice_is_shown_once() -> None:
    story = decided(*CART_LEFT)
    twice = Story(story.people, story.events, [*story.decisions] * 2, [*story.triggers] * 2)
    assert lines_of(twice) == lines_of(story)


def test_a_late_event_is_marked_as_not_counting() -> None:
    late = event("product.viewed", HOUR, product={"id": "saw"}, client_time=START)
    assert "phone looked at saw (sent minutes too late, so it does not count)" in texts(
        lines_of(decided(*CART_LEFT, late))
    )


def test_an_unreadable_part_is_shown_at_its_time() -> None:
    order = event("order.placed", HOUR, order={"id": "o1", "value": "4,245.42"})
    read = event_records.read(json.dumps(order).encode())
    assert read is not None
    found = lines_of(Story(frozenset(("visitor:phone",)), [CART_LEFT[1], read]))
    assert (found[-1].at, found[-1].kind, found[-1].text) == (
        START + HOUR, "faulty", "phone ordered (o1)",
    )  # fmt: skip
    assert found[-1].details == ("Left out $.order.value: expected a number, got text.",)


def test_a_heartbeat_is_shown_only_if_a_part_was_unreadable() -> None:
    pings = [event("activity.pinged", at, client_time=at) for at in (0, 1)]
    well, wrong = event("activity.pinged", 2), event_records.read(json.dumps(pings[0]).encode())
    assert wrong is not None
    assert texts(lines_of(Story(frozenset(("visitor:phone",)), [well, wrong])))[0] == (
        "phone sent activity.pinged"
    )


def test_an_event_of_an_unknown_type_is_shown_with_the_nearest_type() -> None:
    completed = json.dumps(event("order.completed", 0)).encode()
    read = event_records.read(completed)
    assert read is not None
    (line,) = lines_of(Story(frozenset(("visitor:phone",)), [read]))
    assert line.text == "phone sent order.completed: there is no such type, so it does not count"
    assert line.details == ("Did you mean order.placed?",)


def test_an_unreadable_event_is_shown_under_its_record_key() -> None:
    value = json.dumps({"id": "e", "type": "order.cancelled", "order": {}}).encode()
    read = event_records.read(value, START, b"phone")
    assert read is not None
    (line,) = lines_of(Story(frozenset(("visitor:phone",)), [read]))
    assert line.text == (
        "phone sent an event of type order.cancelled that could not be read, so it does not count"
    )
    assert line.details[0] == "$.visitor: expected an owner, got nothing"
    assert event_records.read(value, START) is None


def test_after_a_logout_the_story_belongs_to_another_person() -> None:
    """The next person on a shared device is unknown."""
    gone = event("page.viewed", 2 * HOUR, customer=None)
    ring = event("product.viewed", 2 * HOUR + 1, product={"id": "ring"})
    story = Story(frozenset(("customer:anna",)), [*CART_LEFT, gone, ring])
    assert not any("ring" in text for text in texts(lines_of(story)))
    assert any("Drill" in text for text in texts(lines_of(story)))


def test_an_order_soon_after_a_logout_is_in_the_former_persons_story() -> None:
    gone = event("visitor.identified", 2 * HOUR, customer=None)
    order = event("order.placed", 2 * HOUR + 1, order={"id": "o1"})
    found = texts(lines_of(Story(frozenset(("customer:anna",)), [*CART_LEFT, gone, order])))
    assert found[-1] == "phone ordered (o1)"


def test_earlier_events_are_in_the_story_of_a_later_address() -> None:
    mail = "nZ3x0bqkR7Jt2c8Yw4mLfQ"
    given = event("checkout.started", HOUR, keys={"email": mail})
    found = texts(lines_of(Story(frozenset((f"email:{mail}",)), [CART_LEFT[1], given])))
    assert "phone put 2 × Drill into the cart" in found


def test_an_order_that_a_key_forwards_has_words() -> None:
    order = {
        "t": START + HOUR,
        "visitor": "~~cart:k1",
        "type": "order.placed",
        "order": {"id": "o1"},
    }
    story = Story(frozenset(("visitor:phone",)), [CART_LEFT[1]], forwarded=[order])
    assert "somebody (known by the cart k1) ordered (o1)" in texts(lines_of(story))


def test_an_order_of_a_server_has_words() -> None:
    order = {
        "t": START,
        "id": "o",
        "type": "order.placed",
        "customer": "anna",
        "order": {"cart_id": "k1"},
    }
    read = event_records.read(json.dumps(order).encode())
    assert read is not None
    (line,) = lines_of(Story(frozenset(("customer:anna",)), [read]))
    assert line.text == "somebody (known by the cart k1) ordered (event:o)"


def test_the_dwell_of_a_product_is_shown() -> None:
    found = texts(
        lines_of(
            decided(
                login(0),
                event(
                    "product.viewed", 0, product={"id": "drill", "category": "tools", "price": 5}
                ),
                event("activity.pinged", 20_000),
                event("page.viewed", 31_500),
            )
        )
    )
    assert "phone looked at drill (tools, 5.00) for 31 s" in found
    assert "phone opened “a page”" in found


def test_there_is_a_sentence_for_every_type_of_event() -> None:
    assert {f"events/{kind}" for kind in SENTENCES} == set(names("events"))


def reasons_of(outcome: str) -> list[str]:
    """The reasons that the schema of decisions allows an outcome."""
    for rule in load("decision")["allOf"]:
        if rule["if"]["properties"]["outcome"]["const"] == outcome:
            allowed: list[str] = rule["then"]["properties"]["reason"]["enum"]
            return allowed
    raise AssertionError(outcome)


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [(each, reason) for each in ("refused", "deferred", "closed") for reason in reasons_of(each)],
)
@pytest.mark.parametrize("recipe", ["cart-abandonment", "exit-intent"])
def test_every_reason_has_a_plain_sentence(recipe: str, outcome: str, reason: str) -> None:
    decision = {
        "trigger_id": "0" * 32,
        "recipe": recipe,
        "version": 1,
        "step": 1,
        "person": "customer:anna",
        "visitor": "phone",
        "outcome": outcome,
        "reason": reason,
        "at": START,
    }
    decision |= {"until": START + HOUR} if outcome == "deferred" else {}
    decision |= {"steps_left": 2} if outcome == "closed" else {}
    (line,) = lines(Story(frozenset(("customer:anna",)), (), [decision]), recipes_file.DEFAULT, UTC)
    because, otherwise = line.details
    assert because.startswith("Because ")
    assert all(
        text.endswith(".") and reason not in text.split("_") for text in (because, otherwise)
    )


def test_an_unknown_reason_is_shown_unchanged() -> None:
    decision = {"recipe": "gone", "reason": "odd", "at": 0}
    recipe = refusal_reasons.recipe_of(decision, recipes_file.DEFAULT)
    case = refusal_reasons.Case(decision, recipe, recipes_file.DEFAULT, (), None, str)
    assert refusal_reasons.why(case) == ("the reason given is 'odd'", "")


@pytest.mark.parametrize(
    ("ms", "words"),
    [(HOUR, "1 hour"), (3 * DAY, "3 days"), (90_000, "90 seconds"), (1500, "1.5 seconds")],
)
def test_a_span_of_time_is_written_in_the_largest_unit_that_fits(ms: int, words: str) -> None:
    assert refusal_reasons.span(ms) == words


def in_the_shadow() -> tuple[Story, Recipes]:
    text = json.dumps({"recipes": [{"name": "cart-abandonment", "mode": "shadow"}]})
    by = recipes_file.load(text)
    events = (*CART_LEFT, event("order.placed", 2 * HOUR, order={"id": "o1"}))
    outs = list(backtest.run([json.dumps(each).encode() for each in events], by))
    return Story(
        frozenset(("customer:anna", "visitor:phone")),
        events,
        [json.loads(value) for out in outs for _, value in out.decisions],
        [json.loads(value) for out in outs for *_, value in out.shadow],
    ), by


def test_steps_of_a_shadow_are_marked_and_not_shown_as_sent() -> None:
    found = of_kind(lines_of(*in_the_shadow()), "shadow")
    assert texts(found) == [
        "Shadow: cart-abandonment 1 of 3 would have been sent by email",
        "Shadow: cart-abandonment ended with 2 steps left",
        "Shadow: cart-abandonment 1 of 3 was cancelled: they ordered (o1)",
    ]


def test_with_several_documents_a_decision_names_its_own() -> None:
    document = {"history": [{}, {"from": START + 2 * HOUR, "by": "bob", "note": "spring"}]}
    history = recipes_file.load_history(json.dumps(document))
    triggers, decisions = backtest.decide(
        [json.dumps(each).encode() for each in CART_LEFT], history
    )
    story = Story(frozenset(("customer:anna", "visitor:phone")), CART_LEFT,
                  [*map(json.loads, decisions)], [*map(json.loads, triggers)])  # fmt: skip
    found = of_kind(lines(story, history, UTC), "fired")
    assert [line.details[-1] for line in found] == [
        "Decided by the first document.",
        "Decided by the document by bob in force since Mon 5 Jan 16:00: spring.",
        "Decided by the document by bob in force since Mon 5 Jan 16:00: spring.",
    ]
