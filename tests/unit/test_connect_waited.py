"""Events that say how long they waited before they were sent. Source: docs/connect.md."""

import json
from typing import Any

import pytest

from stream.connect import registry
from stream.connect.request import Request
from stream.connect.source import Source
from stream.connect.times import EARLIEST

NOW = 1_796_031_001_000
DEVICE = {"distinct_id": "d-9", "$device_id": "d-9"}
POSTHOG = {"event": "$copy_autocapture", "uuid": "u", "properties": DEVICE}
MATOMO = {"idsite": "1", "rec": "1", "_id": "3f2a9c0b1d4e5f60", "ping": "1"}


@pytest.mark.parametrize(
    ("kind", "path", "event", "field", "unit"),
    [("posthog", "/e/", POSTHOG, "offset", 1), ("matomo", "/matomo.php", MATOMO, "cdo", 1000)],
)
def test_an_event_that_waited_since_before_the_year_2000_has_no_time(
    kind: str, path: str, event: dict[str, Any], field: str, unit: int
) -> None:
    longest, found = (NOW - EARLIEST) // unit, []
    for waited in (-1, 0, longest, longest + 1):
        body = json.dumps({**event, field: waited}).encode()
        (made,) = registry.translate(
            kind, Request(path, body=body), Source(name="shop", kind=kind), NOW
        ).events
        found.append(made.get("client_time"))
    assert found == [None, NOW, NOW - longest * unit, None]
