"""The people stage: facts in their order behind the watermark, copies, crashes."""

from stream import recipes_file
from stream.durations import DAY, MINUTE
from stream.outputs.outputs import Outputs
from stream.recipes.history import Document, History
from stream.stages.people import People
from stream.stages.watermark import watermark_record
from stream.state.facts import AnyFact, Moved, Ordered, WatermarkRecord, encode
from tests.driver import LAMP, Driver, items
from tests.people_driver import FUNNEL, START, PeopleDriver, line

ANNA = "customer:anna"


def ordered(at: int, n: int = 0, visitor: str = "v") -> Ordered:
    return Ordered(at=at, visitor=visitor, n=n, person=ANNA, order_id=f"o{at}")


def applied_to(people: People, offset: int, *facts: AnyFact | WatermarkRecord) -> Outputs:
    out = Outputs()
    people.add(enumerate(map(encode, facts), offset))
    people.advance(out)
    return out


def stage(sources: int = 1) -> People:
    return People(recipes_file.DEFAULT, sources)


def applied(out: Outputs) -> int:
    return out.counts["facts", "applied"]


def test_a_fact_waits_for_the_watermark_to_pass_it() -> None:
    people = stage()
    assert applied(applied_to(people, 0, ordered(100), WatermarkRecord(1, {0: 100}))) == 0
    assert applied(applied_to(people, 2, WatermarkRecord(1, {0: 101}))) == 1
    assert people.watermark == people.advanced == 101


def test_every_partition_must_have_evidence_for_it() -> None:
    people = stage(2)
    assert applied(applied_to(people, 0, ordered(100), WatermarkRecord(2, {0: 500}))) == 0
    assert applied(applied_to(people, 2, WatermarkRecord(2, {1: 300}))) == 1


def test_the_keys_must_have_evidence_for_it_too() -> None:
    people = People(recipes_file.DEFAULT, 1, 1)
    assert applied(applied_to(people, 0, ordered(100), WatermarkRecord(1, {0: 500}))) == 0
    assert applied(applied_to(people, 2, WatermarkRecord(1, {0: 300}, "keys"))) == 1


def test_a_fact_of_a_key_comes_after_those_of_visitors_of_its_time() -> None:
    told_ = PeopleDriver(FUNNEL)
    fact = ordered(START, 0, "~~cart:k")
    people = told_._people
    people.add([(people.position, encode(fact))])
    told_.idle(line("lamp", START - 1))
    assert told_.story == ["closed cart-abandonment 1 converted"]


def test_a_copy_of_a_fact_counts_once() -> None:
    out = applied_to(
        stage(), 0, ordered(100), ordered(100, 1), ordered(100), WatermarkRecord(1, {0: 200})
    )
    assert (applied(out), out.counts["facts", "copy"]) == (2, 1)


def test_facts_of_one_time_go_by_visitor_and_number() -> None:
    """In the order of arrival, the order of v2 would be applied before the cart of v1."""
    driver = Driver().pipe("cart.updated", "v1", cart=items(LAMP), customer="anna")
    driver.wait(5 * MINUTE).pipe("order.placed", "v2", order={"id": "o"}, customer="anna")
    people = stage()
    people.add(enumerate([*reversed(driver.raw_facts), watermark_record({0: driver.now + 1}, 1)]))
    out = Outputs()
    people.advance(out)
    assert out.counts["decisions", "closed", "converted"] == 1


def test_a_fact_of_before_what_is_applied_is_a_copy_and_dropped() -> None:
    people = stage()
    applied_to(people, 0, ordered(100), WatermarkRecord(1, {0: 200}))
    assert applied(applied_to(people, 2, ordered(150, 5), WatermarkRecord(1, {0: 300}))) == 0
    assert people.committable == 4


def test_only_what_is_applied_may_be_committed() -> None:
    people = stage()
    applied_to(people, 0, ordered(500), ordered(100), WatermarkRecord(1, {0: 200}))
    assert people.committable == 0
    applied_to(people, 3, WatermarkRecord(1, {0: 501}))
    assert people.committable == 4


def test_records_of_before_the_position_and_tombstones_are_skipped() -> None:
    people, out = stage(), Outputs()
    applied_to(people, 0, ordered(100), WatermarkRecord(1, {0: 50}))
    people.add([(0, encode(ordered(100))), (2, None), (3, watermark_record({0: 200}, 1))])
    people.advance(out)
    assert (applied(out), out.counts["facts", "copy"]) == (1, 0)


def test_a_move_from_an_unknown_person_creates_no_state() -> None:
    people = stage()
    out = applied_to(
        people, 0, Moved(at=1, visitor="v", n=0, person=ANNA), WatermarkRecord(1, {0: 9})
    )
    people.changes()
    assert (applied(out), people.keys) == (0, 0)


def again(people: People, keep: int | None = None) -> People:
    new = stage()
    new.restore(people.changes()[:keep])
    new.restored()
    return new


def test_a_new_owner_skips_applied_input_even_without_the_clock() -> None:
    people = stage()
    applied_to(people, 0, ordered(100), WatermarkRecord(1, {0: 200}))
    new = again(people, 1)
    assert new.advanced == -1
    assert applied(applied_to(new, 0, ordered(100), WatermarkRecord(1, {0: 200}))) == 0


def test_a_stage_knows_whether_it_has_written_anything() -> None:
    people = stage()
    applied_to(people, 0, ordered(100), WatermarkRecord(1, {0: 200}))
    assert not people.written
    assert again(people).written
    assert people.written


def test_a_forgotten_person_does_not_come_back_by_a_copy() -> None:
    people = stage()
    applied_to(people, 0, ordered(100), WatermarkRecord(1, {0: 40 * DAY}))
    new = again(people, 1)
    assert applied(applied_to(new, 0, ordered(100), WatermarkRecord(1, {0: 40 * DAY}))) == 0
    assert applied(applied_to(new, 2, ordered(41 * DAY), WatermarkRecord(1, {0: 42 * DAY}))) == 1


def test_a_document_with_a_shorter_keep_forgets_resting_persons() -> None:
    week = recipes_file.parse({"policy": {"keep": "30d"}})
    year = recipes_file.parse({"policy": {"keep": "365d"}})
    history = History(year, [Document(week, 40 * DAY)])
    people, again = (People(history, 1, compiled=False) for _ in range(2))
    applied_to(people, 0, ordered(100), WatermarkRecord(1, {0: 40 * DAY - 1}))
    again.restore(people.changes())
    again.restored()
    applied_to(again, 2, WatermarkRecord(1, {0: 40 * DAY}))
    assert again.state(ANNA) is None
    again.changes()
    again.committed(3)
    assert (people.keys, again.keys) == (1, 0)


def test_a_tombstone_follows_only_behind_the_written_clock() -> None:
    people = stage()
    applied_to(people, 0, ordered(100), WatermarkRecord(1, {0: 40 * DAY}))
    people.changes()
    assert people.keys == 1
    people.committed(2)
    assert people.keys == 0
    assert people.changes()[0] == (ANNA.encode(), None)


def test_the_next_deadline_and_the_open_episodes_are_known() -> None:
    driver = Driver().pipe("cart.updated", cart=items(LAMP), customer="anna").wait(6 * MINUTE)
    people, values = stage(), [*driver.raw_facts, watermark_record({0: driver.now}, 1)]
    people.add(enumerate(values))
    people.advance(Outputs())
    assert people.next_deadline is not None
    new = again(people)
    assert (people.open_episodes, new.open_episodes) == (1, 1)
    assert new.size == people.size > 0
