"""A cart under a new id, stale carts, and the memory of finished episodes: section 6."""

from stream.durations import DAY, HOUR
from stream.state.orders import HandedOrder
from tests.people_driver import START, PeopleDriver, line

CART = "fired cart-abandonment 1"
REPLACED = "closed cart-abandonment 1 replaced"


def test_the_same_contents_under_a_new_id_keep_their_origin() -> None:
    people = PeopleDriver().idle(line("lamp", START)).idle(line("lamp", START), id="m").wait(DAY)
    assert people.story == [CART]
    (trigger,) = people.fired
    assert (trigger["cart"]["id"], trigger["why"]["key_time"]) == ("m", START)


def test_other_contents_under_a_new_id_replace_it() -> None:
    people = (
        PeopleDriver().idle(line("lamp", START)).idle(line("shoe", START + 1), id="m").wait(DAY)
    )
    assert people.story == [REPLACED, CART]


def test_a_new_cart_id_with_its_own_episode_replaces_the_old_one() -> None:
    people = (
        PeopleDriver().idle(line("lamp", START), id="m", visitor="tab").idle(line("lamp", START))
    )
    assert people.idle(line("lamp", START), id="m").wait(DAY).story == [REPLACED, CART]


def test_an_empty_cart_under_a_new_id_replaces_it() -> None:
    people = PeopleDriver().idle(line("lamp", START)).idle(id="m", changed_at=START + 1)
    assert people.story == [REPLACED]


def test_a_cart_that_never_changed_replaces_nothing() -> None:
    assert PeopleDriver().idle(line("lamp", START)).idle(id="m").wait(DAY).story == [CART]


def test_a_stale_cart_replaces_the_episode_of_another_id() -> None:
    people = PeopleDriver().wait(HOUR).idle(line("shoe", START + 9), id="m", visitor="tab")
    people.idle(line("lamp", START + 5)).idle(line("lamp", START + 5), id="m").wait(DAY)
    assert people.story == [REPLACED, CART]
    assert people.shown == [["shoe"]]


def test_an_older_summary_of_an_emptied_cart_opens_nothing() -> None:
    people = PeopleDriver().wait(HOUR).idle(changed_at=START + 9)
    assert people.idle(line("lamp", START), visitor="tab").wait(DAY).story == []


def test_a_finished_episode_is_remembered_under_its_last_id() -> None:
    people = PeopleDriver().idle(line("lamp", START)).idle(line("lamp", START), id="m").wait(DAY)
    people.idle(line("lamp", people.now), id="m", visitor="tab").wait(DAY)
    assert people.story == [CART]


def test_a_finished_episode_is_remembered_under_its_origin() -> None:
    people = PeopleDriver().idle(line("lamp", START)).idle(line("lamp", START), id="m").wait(DAY)
    assert people.idle(line("lamp", people.now), visitor="tab").wait(DAY).story == [CART]


def test_a_known_empty_cart_frees_only_its_own_id() -> None:
    people = PeopleDriver().idle(line("lamp", START)).idle(line("lamp", START), id="m").wait(DAY)
    people.idle(visitor="tab", changed_at=people.now).wait()
    people.idle(line("lamp", people.now), id="m", visitor="tab").wait(DAY)
    assert people.story == [CART]
    people.idle(line("lamp", people.now), visitor="pc").wait(DAY)
    assert people.story == [CART, CART]


def test_an_order_frees_the_contents() -> None:
    people = PeopleDriver().idle(line("lamp", START)).wait(DAY).order()
    assert people.wait().idle(line("lamp", people.now)).wait(DAY).story == [CART, CART]


def test_an_order_handed_over_later_frees_the_contents_that_it_bought() -> None:
    people = PeopleDriver().wait(HOUR).idle(line("lamp", START))
    people.identified(HandedOrder("o", START + 1))
    people.idle(line("lamp", people.now)).wait(DAY)
    assert people.story == ["closed cart-abandonment 1 converted", CART]


def test_a_repeated_order_frees_nothing() -> None:
    people = PeopleDriver().order().wait(HOUR).idle(line("lamp", START + 9)).wait(DAY).order()
    assert people.wait().idle(line("lamp", people.now)).wait(DAY).story == [CART]


def test_a_late_grant_lifts_no_withdrawal() -> None:
    people = PeopleDriver().consent("email", "sms", "push", "messenger", granted=False)
    people.consent("email", granted=True, late=True).idle(line("lamp", START)).wait(DAY)
    assert people.story == ["refused cart-abandonment 1 consent"]


def test_a_late_grant_of_what_was_never_withdrawn_counts() -> None:
    people = PeopleDriver().consent("sms", "push", "messenger", granted=False)
    people.consent("email", granted=True, late=True).idle(line("lamp", START)).wait(DAY)
    assert [each["channels"] for each in people.fired] == [["email"]]
