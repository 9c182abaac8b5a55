"""Triggers are CloudEvents 1.0: the specification's own SDK reads them."""

import json
from datetime import UTC, datetime, timedelta

from cloudevents.core.bindings.kafka import KafkaMessage, from_structured_event

from stream.outputs import triggers
from tests.contract.day import Said

HEADERS = {"content-type": b"application/cloudevents+json"}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def test_the_sdk_reads_every_trigger_as_it_was_written(said: Said) -> None:
    for value in said.triggers:
        event = from_structured_event(KafkaMessage(headers=HEADERS, key=None, value=value))
        written = json.loads(value)
        data = written["data"]
        at = data["not_before" if written["type"] == triggers.FIRED else "at"]
        assert event.get_specversion() == "1.0"
        assert event.get_id().removesuffix("/cancelled") == data["trigger_id"]
        assert event.get_type() == written["type"]
        assert event.get_source() == f"/triggers/{data['recipe']}"
        assert event.get_subject() == data["person"]
        assert event.get_time() == EPOCH + timedelta(milliseconds=at)
        assert event.get_data() == data


def test_no_two_triggers_or_cancels_have_the_same_id_and_source(said: Said) -> None:
    ids = [(event["source"], event["id"]) for event in map(json.loads, said.triggers)]
    assert len(set(ids)) == len(ids)
