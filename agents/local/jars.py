"""Downloads the broker's jars from Maven Central, by a list with checksums, and keeps them between runs."""

import fcntl
import hashlib
import json
import os
import shutil
import time
import urllib.request
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.client import HTTPException
from pathlib import Path
from typing import Final

from agents.local.process import LocalFailed

VERSION: Final = "4.1.0"
CENTRAL: Final = "https://repo.maven.apache.org/maven2"
AT_ONCE: Final = 8
TIMEOUT_S: Final = 60
PAUSES_S: Final = (1, 3, 0)
"""Seconds to wait after each failed attempt. There are as many attempts."""

LIST: Final = Path(__file__).with_name("jars.json")


def kept(say: Callable[[str], None], cache: Path | None = None, source: str = CENTRAL) -> Path:
    """The folder with all jars, which it downloads if they are missing. Raises LocalFailed.

    The folder gets its name only when it is complete. If several processes need it, one downloads and the others wait.
    """
    text = LIST.read_bytes()
    sums: dict[str, str] = json.loads(text)
    cache = cache or default_cache()
    folder = cache / f"kafka-{VERSION}-{hashlib.sha256(text).hexdigest()[:8]}"
    if complete(folder, sums):
        return folder
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with (cache / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not complete(folder, sums):
                say(f"downloading Kafka {VERSION} from Maven Central: 41 MB, once")
                fetch(sums, cache / "part", source)
                shutil.rmtree(folder, ignore_errors=True)
                (cache / "part").rename(folder)
    except OSError as error:
        raise LocalFailed(f"{cache}: cannot keep Kafka's jars here: {error}") from error
    return folder


def default_cache() -> Path:
    """The project's cache folder, after the XDG Base Directory Specification."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "storefront-triggers"


def complete(folder: Path, sums: Mapping[str, str]) -> bool:
    """Whether the folder has every jar of the list. It does not check their contents."""
    return all((folder / Path(path).name).is_file() for path in sums)


def fetch(sums: Mapping[str, str], folder: Path, source: str) -> None:
    """Empties the folder and downloads every jar into it. Raises LocalFailed, OSError."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for path, data in zip(sums, pool.map(partial(get, source), sums), strict=True):
            if hashlib.sha256(data).hexdigest() != sums[path]:
                raise LocalFailed(
                    f"{source}/{path}: expected the checksum of jars.json, got another"
                )
            (folder / Path(path).name).write_bytes(data)


def get(source: str, path: str) -> bytes:
    """The bytes of one file. Raises LocalFailed when no attempt succeeds."""
    for pause in PAUSES_S:
        try:
            with urllib.request.urlopen(f"{source}/{path}", timeout=TIMEOUT_S) as answer:  # noqa: S310
                data: bytes = answer.read()
                return data
        except (OSError, HTTPException) as error:
            fault = error
            time.sleep(pause)
    raise LocalFailed(f"{source}/{path}: download failed: {fault}")
