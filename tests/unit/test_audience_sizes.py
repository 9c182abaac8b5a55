"""The console counts members of audiences from a topic of changes. A change may come twice or late."""

import asyncio
import json
from collections import Counter
from typing import Any, NamedTuple

from agents.config.settings import Settings
from agents.console.audience_sizes import IN, OUT, SORT, AudienceSizes
from agents.console.hub import Hub
from agents.console.recipe_documents import initial_documents
from agents.console.topic_reader import TopicReader
from agents.console.wording import wording
from agents.worker.producer import AUDIENCES, DECISIONS
from stream import recipes_file
from stream.outputs import audience_changes
from stream.outputs.outputs import Outputs

T = 1_767_607_200_000
KEY = b"fans|customer:anna"


def changed(sizes: AudienceSizes, *changes: tuple[int, bool], key: bytes = KEY) -> list[bool]:
    return [sizes.take("fans", key, T + at, entered) for at, entered in changes]


def test_a_size_counts_those_who_entered_and_did_not_leave() -> None:
    sizes = AudienceSizes()
    changed(sizes, (0, True))
    changed(sizes, (1, True), (2, False), key=b"fans|customer:bea")
    assert sizes.sizes == {"fans": 1}


def test_a_change_that_comes_twice_counts_once() -> None:
    sizes = AudienceSizes()
    assert changed(sizes, (0, True), (5, False), (0, True), (5, False)) == [
        True,
        True,
        False,
        False,
    ]
    assert sizes.sizes["fans"] == 0


def test_leaving_without_a_known_entry_does_not_lower_the_size() -> None:
    """The topic is compacted, so an older member may have only its leaving record."""
    sizes = AudienceSizes()
    changed(sizes, (5, False))
    assert sizes.sizes["fans"] == 0
    changed(sizes, (6, True))
    assert sizes.sizes["fans"] == 1


def test_an_erased_person_belongs_to_no_audience() -> None:
    sizes = AudienceSizes()
    changed(sizes, (0, True))
    sizes.forget(KEY)
    sizes.forget(KEY)
    sizes.forget(b"fans|customer:nobody")
    assert sizes.sizes["fans"] == 0


def test_more_persons_than_are_remembered_have_no_size() -> None:
    sizes = AudienceSizes(most=2)
    for number in range(3):
        changed(sizes, (0, True), key=b"fans|customer:%d" % number)
    assert not sizes.is_whole
    (row,) = sizes.rows(["fans"], [Counter({(SORT, "fans", IN): 3})])
    assert (row["members"], row["entered"], row["series"]) == (None, 3, [])


def test_sizes_over_time_are_computed_backwards_from_now() -> None:
    sizes = AudienceSizes()
    for number in range(5):
        changed(sizes, (0, True), key=b"fans|customer:%d" % number)
    buckets: list[Counter[tuple[str, ...]]] = [
        Counter({(SORT, "fans", IN): 2}),
        Counter(),
        Counter({(SORT, "fans", IN): 1, (SORT, "fans", OUT): 3}),
    ]
    (row,) = sizes.rows(["fans"], buckets)
    assert row["series"] == [7, 7, 5]
    assert (row["members"], row["entered"], row["left"]) == (5, 3, 3)


class Written(NamedTuple):
    """A record of a consumer."""

    key: bytes
    value: bytes | None
    timestamp: int
    partition: int
    offset: int


def record(kind: str, number: int, offset: int) -> Written:
    out = Outputs()
    audience_changes.publish(kind, ["fans"], "customer:anna", T + number, number, out)
    (*_, value) = out.audiences[0]
    return Written(KEY, value, T + number, 0, offset)


def test_changes_on_the_topic_are_counted_and_shown_live() -> None:
    asyncio.run(_changes_on_the_topic())


async def _changes_on_the_topic() -> None:
    settings, hub = Settings(kafka=("127.0.0.1:9",), time="record"), Hub()
    reader = TopicReader(settings, initial_documents(settings), hub)
    assert reader.wants(AUDIENCES, 3)
    entered, left = audience_changes.ENTERED, audience_changes.LEFT
    await reader.take(AUDIENCES, 0, [record(entered, 1, 0), record(left, 2, 1)])
    await reader.take(AUDIENCES, 0, [record(entered, 3, 2), record(entered, 3, 3)])
    assert reader.audiences.sizes["fans"] == 1
    total = reader.counts.spans["hour"].total(T)
    assert (total[SORT, "fans", IN], total[SORT, "fans", OUT]) == (2, 1)
    async with hub.subscribe() as heard:
        found = await heard.next(1)
    assert [(each.kind, each.data["type"]) for each in found] == [
        ("audience", entered),
        ("audience", left),
        ("audience", entered),
    ]
    assert found[0].person == "customer:anna"
    await reader.take(AUDIENCES, 0, [Written(KEY, None, T + 4, 0, 4)])
    assert reader.audiences.sizes["fans"] == 0


def test_a_change_is_written_in_words() -> None:
    rules: dict[str, Any] = {
        "audiences": [{"name": "fans", "members": {"orders": {"min": 4}, "reachable": True}}]
    }
    words = wording(recipes_file.load(json.dumps(rules)))
    change = {"audience": "fans", "person": "customer:anna", "type": audience_changes.LEFT}
    assert words("audience", change) == {
        "title": "Left the audience fans",
        "details": ("Its members: 4 orders or more, can be reached.",),
    }


def test_the_console_skips_a_record_that_no_worker_has_written() -> None:
    settings = Settings(kafka=("127.0.0.1:9",), time="record")
    reader = TopicReader(settings, initial_documents(settings), Hub())
    for topic in (AUDIENCES, DECISIONS, "triggers.cart-abandonment"):
        rubbish = [Written(KEY, value, T, 0, 0) for value in (b"rubbish", b"{}", b"[]", b"\xff")]
        asyncio.run(reader.take(topic, 0, [*rubbish, record(audience_changes.ENTERED, 1, 1)]))
    assert reader.audiences.sizes["fans"] == 1
