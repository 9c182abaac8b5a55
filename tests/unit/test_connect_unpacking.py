"""Packed bodies: with or without a header that says so, and up to a bound."""

import gzip
import zlib

import pytest

from agents.connect.unpacking import Broken, TooLarge, UnknownPacking, unpacked

BODY = b'{"batch": []}'
RAW_DEFLATE = zlib.compress(BODY)[2:-4]


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (BODY, ""),
        (BODY, "identity"),
        (gzip.compress(BODY, mtime=0), "gzip"),
        (gzip.compress(BODY, mtime=0), ""),
        (gzip.compress(BODY, mtime=0), "GZIP "),
        (BODY, "gzip"),
        (zlib.compress(BODY), "deflate"),
        (RAW_DEFLATE, "deflate"),
    ],
)
def test_gzip_and_deflate_are_unpacked_whatever_the_header_says(body: bytes, encoding: str) -> None:
    assert unpacked(body, encoding, 1000) == BODY


def test_a_bomb_costs_no_more_than_what_is_taken() -> None:
    bomb = gzip.compress(b"[" * 50_000_000)
    with pytest.raises(TooLarge):
        unpacked(bomb, "gzip", 1000)
    assert unpacked(gzip.compress(b"x" * 1000), "gzip", 1000) == b"x" * 1000
    with pytest.raises(TooLarge):
        unpacked(b"x" * 1001, "", 1000)


@pytest.mark.parametrize("body", [gzip.compress(BODY, mtime=0)[:-9], b"\x1f\x8bnonsense"])
def test_a_body_that_cannot_be_unpacked_is_broken(body: bytes) -> None:
    with pytest.raises(Broken):
        unpacked(body, "gzip", 1000)
    with pytest.raises(Broken):
        unpacked(b"no deflate", "deflate", 1000)


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, br"])
def test_other_packings_are_not_known(encoding: str) -> None:
    with pytest.raises(UnknownPacking):
        unpacked(BODY, encoding, 1000)
