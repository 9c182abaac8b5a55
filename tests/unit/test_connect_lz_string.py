"""The packing of PostHog's old libraries, by what its own library makes of texts."""

import pytest

from stream.connect.lz_string import NotPacked, unpacked

MADE = {
    "Hi": "BISyA===",
    "": "Q===",
    "Größe – 日本 😀": "OIJwbw+wpgBIyAQ0KemgacxoXg3AAe0A",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa": "IY18ZVkA",
    '{"event":"$pageview","event2":"$pageview"}': "N4IgpgbmB2AuIC4QBIAOBDA5pAlmA7iADThRwBMiKG2EehAvkA==",
}
"""A text, and what lz-string 1.5.0 packs it into."""


@pytest.mark.parametrize("text", MADE)
def test_a_text_is_what_it_was_before_it_was_packed(text: str) -> None:
    assert unpacked(MADE[text], 1_000) == text


@pytest.mark.parametrize("packed", ["", "A", "zzzz", "====", "€", "BIS\u0000"])
def test_what_is_not_packed_so_is_broken(packed: str) -> None:
    with pytest.raises(NotPacked):
        unpacked(packed, 1_000)


def test_no_more_is_unpacked_than_is_taken() -> None:
    with pytest.raises(NotPacked):
        unpacked(MADE["aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"], 39)
