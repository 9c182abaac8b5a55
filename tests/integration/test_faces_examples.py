"""Every stored request, sent unchanged to its face with a real broker: once, twice and shuffled."""

import json
import random

import pytest

from agents.config.settings import Settings
from stream.connect.registry import REGISTRY
from tests.integration.collecting import kept, make_topics
from tests.integration.facing import Example, Facing, faced, stored, timeless


@pytest.fixture
def settings(broker: str, prefix: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("TRIGGERS_COLLECT_PER_VISITOR", "0")
    return make_topics(broker, prefix)


def in_kafka(settings: Settings) -> list[str]:
    return [timeless(json.loads(record.value)) for record in kept(settings)]


def send(settings: Settings, examples: list[Example]) -> list[str]:
    """The records in Kafka afterwards. Every request succeeds, except those that are not JSON.

    A request is repeated while Kafka does not accept records, so a record may be there twice.
    """
    sources = list({each.source.source.name: each.source for each in examples}.values())

    async def test(site: Facing) -> None:
        for each in examples:
            heard = await site.taken(each.method, each.path, each.body, each.headers)
            unreadable = [
                reason for _, reason in json.loads(each.file.read_text()).get("refused", [])
            ] == ["not_json"]
            fine = {400, 204} if unreadable else {200, 204}
            assert heard.status in fine, (each.file, heard)

    faced(settings, sources, test)
    return in_kafka(settings)


@pytest.mark.parametrize("kind", sorted(REGISTRY))
def test_a_stored_request_becomes_its_events_in_kafka(kind: str, settings: Settings) -> None:
    examples = stored(kind)
    if not examples:
        pytest.skip("only records of topics are stored")
    expected = {timeless(event) for each in examples for event in each.events}
    assert set(send(settings, examples)) == expected


@pytest.mark.parametrize("kind", sorted(REGISTRY))
def test_sent_twice_and_shuffled_the_set_of_events_is_the_same(
    kind: str, settings: Settings
) -> None:
    examples = stored(kind)
    expected = {timeless(event) for each in examples for event in each.events}
    twice = [*examples, *examples]
    random.Random(7).shuffle(twice)
    assert set(send(settings, twice)) == expected
