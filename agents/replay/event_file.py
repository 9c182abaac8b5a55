"""Reads a file of events line by line, and writes one as a whole or not at all. A name in .gz means gzip."""

import gzip
import os
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO, Final, cast

PACKED: Final = ".gz"
AT_ONCE: Final = 256 * 1024
LEVEL: Final = 6
"""The compression level of gzip. Level 9 takes three times as long for a file that is hardly smaller."""


def lines(path: Path, raw: BinaryIO) -> Iterator[bytes]:
    """The lines of an open file, unpacked if its name ends in .gz, without their ends.

    Raises OSError, and EOFError for a packed file that ends too soon.
    """
    for line in whole_lines(path, raw):
        yield line.rstrip(b"\r\n")


def whole_lines(path: Path, raw: BinaryIO) -> Iterable[bytes]:
    """Like `lines`, with the line ends."""
    return _unpacked(raw) if path.suffix == PACKED else raw


def _unpacked(raw: BinaryIO) -> Iterator[bytes]:
    try:
        yield from gzip.GzipFile(fileobj=raw)
    except zlib.error as fault:
        raise gzip.BadGzipFile(str(fault)) from None


@contextmanager
def whole(path: Path) -> Iterator[BinaryIO]:
    """Opens a file for writing under a temporary name, and renames it to `path` when it is complete. Raises OSError.

    The same content gives the same bytes: a compressed file contains no name and no time.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with beside.open("wb", buffering=AT_ONCE) as raw:
            if path.suffix == PACKED:
                with gzip.GzipFile("", "wb", LEVEL, raw, mtime=0) as packed:
                    yield cast(BinaryIO, packed)
            else:
                yield raw
            raw.flush()
            os.fsync(raw.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


@contextmanager
def folder_beside(path: Path) -> Iterator[Path]:
    """Makes a folder for temporary files on the disk of `path`. It goes with the block. Raises OSError."""
    with TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as folder:
        yield Path(folder)
