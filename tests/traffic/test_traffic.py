"""Real traffic: core and reference decide the same, and so do real workers and a backtest."""

import json
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from stream import backtest
from stream import recipes_file as files
from tests import checked
from tests.integration.replaying import missing, play
from tests.reference import decide
from tests.reference.compare import attributes, details, difference, rows
from tests.traffic import ga4, ga360, otto, segment, shopify, snowplow, taobao
from tests.traffic.home import Message, lines, present

pytestmark = present

Source = Callable[[], Iterator[Message]]

SHOPS: dict[str, Source] = {
    "ga360": ga360.messages,
    "taobao": taobao.messages,
    "otto": otto.messages,
}
PAYLOADS: dict[str, Source] = {
    "segment": segment.messages,
    "ga4": ga4.requests,
    "bigquery": ga4.rows,
    "shopify": shopify.messages,
    "snowplow": snowplow.messages,
}

SHIPPED: dict[str, Any] = {}
EAGER: dict[str, Any] = {
    "policy": {
        "caps": [{"max": 2, "per": "24h", "then": "defer"}],
        "quiet": {"from": "21:00", "to": "08:00"},
        "zone": "America/Los_Angeles",
    },
    "recipes": [
        {"name": "exit-intent", "arms": {"a": 50, "b": 50}},
        {"name": "exit-basket", "kind": "exit-intent", "when": {"cart_value": {"min": 1}}},
        {"name": "checkout-abandonment", "reach": "any", "holdout": 10},
        {"name": "cart-abandonment", "reach": "any", "steps": ["10m", "1h"], "cooldown": 0},
        {"name": "cart-large", "kind": "cart-abandonment", "reach": "any", "priority": 25},
        {"name": "browse-abandonment", "reach": "any", "ordered_within": "1d"},
    ],
}
"""Recipes with few guards, so that short sessions have an outcome too."""


SHORT = [name for name in (*SHOPS, *PAYLOADS) if name != "taobao"]
CASES = [(name, document) for name in SHORT for document in (SHIPPED, EAGER)]
LONG = pytest.param("taobao", SHIPPED, marks=pytest.mark.slow)
"""45,000 lines, with one document only: the reference is slow."""


@pytest.mark.parametrize(("name", "document"), [*CASES, LONG])
def test_the_core_decides_on_real_traffic_what_the_reference_decides(
    name: str, document: dict[str, Any]
) -> None:
    log = lines((SHOPS | PAYLOADS)[name]())
    ours = [
        [json.loads(row) for row in each]
        for each in backtest.decide(log, checked.recipes(document))
    ]
    theirs = decide(log, document)
    assert difference(rows(*theirs), rows(*ours)) == ""
    assert difference(attributes(theirs[0]), attributes(ours[0])) == ""
    assert difference(details(*theirs), details(*ours)) == ""
    assert theirs[0] or name in PAYLOADS, "nothing was decided"


@pytest.mark.parametrize("name", PAYLOADS)
def test_a_payload_that_maps_is_an_event_and_any_other_is_rejected_with_a_reason(name: str) -> None:
    messages = list(PAYLOADS[name]())
    foreign = [message for message in messages if not message.events]
    assert 0 < len(foreign) < len(messages)
    log = lines(messages)
    rejected = {
        log[number]: (reason, path)
        for out in backtest.run(log, files.DEFAULT)
        for number, reason, path in out.rejected
    }
    assert set(rejected) == set(lines(foreign))
    assert all(reason and path.startswith("$") for reason, path in rejected.values())


@pytest.mark.slow
def test_real_traffic_gives_live_what_it_gives_in_a_backtest(
    broker: str, prefix: str, tmp_path: Path
) -> None:
    log = lines(chain.from_iterable(source() for source in (SHOPS | PAYLOADS).values()))
    file = tmp_path / "recipes.json"
    file.write_text(json.dumps(EAGER))
    recipes = files.load(file.read_text())
    expected, found = play(broker, prefix, log, recipes, tmp_path, workers=2, file=file)
    assert missing(expected, found) == []
    assert missing(found, expected) == [], "nobody expected these, or not so often"
    assert len(found.triggers) > 1_000
    assert len(found.rejected) > 100
