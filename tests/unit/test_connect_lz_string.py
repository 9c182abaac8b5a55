"""The compression of PostHog's old libraries, compared with the original library."""

import pytest

from stream.connect.lz_string import NotPacked, unpacked
from stream.connect.registry import translate
from stream.connect.request import Request
from stream.connect.source import Source

MADE = {
    "Hi": "BISyA===",
    "": "Q===",
    "Größe – 日本 😀": "OIJwbw+wpgBIyAQ0KemgacxoXg3AAe0A",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa": "IY18ZVkA",
    '{"event":"$pageview","event2":"$pageview"}': "N4IgpgbmB2AuIC4QBIAOBDA5pAlmA7iADThRwBMiKG2EehAvkA==",
}
"""A text, and the result of lz-string 1.5.0."""


@pytest.mark.parametrize("text", MADE)
def test_a_text_is_what_it_was_before_it_was_packed(text: str) -> None:
    assert unpacked(MADE[text], 1_000) == text


@pytest.mark.parametrize("packed", ["", "A", "zzzz", "====", "€", "BIS\u0000"])
def test_a_text_that_is_not_packed_is_broken(packed: str) -> None:
    with pytest.raises(NotPacked):
        unpacked(packed, 1_000)


def test_decompression_stops_at_the_size_limit() -> None:
    with pytest.raises(NotPacked):
        unpacked(MADE["aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"], 39)


@pytest.mark.parametrize("data", ["%25%25%25", "BIS", "A" * 200_000], ids=["none", "cut", "long"])
def test_a_form_without_readable_fields_is_refused(data: str) -> None:
    given = Request("/e/", body=f"data={data}".encode())
    done = translate("posthog", given, Source(name="hog", kind="posthog"), 1_796_031_001_000)
    assert (done.events, done.refused) == ([], [(0, "not_json")])
