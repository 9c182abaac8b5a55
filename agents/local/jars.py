"""The broker's jars, from Maven Central, kept between runs."""

import fcntl
import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from agents.local.process import LocalFailed

VERSION: Final = "4.1.0"
NEEDED: Final = (
    f"org.apache.kafka:kafka_2.13:{VERSION}",
    "org.apache.logging.log4j:log4j-slf4j-impl:2.24.3!",  # without it the broker is mute
)
AT_ONCE: Final = 8


def cache() -> Path:
    """Of this project, by the XDG rule."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "storefront-triggers"


def folder(say: Callable[[str], None]) -> Path:
    """Where all jars are. Fetches them when they are not; raises LocalFailed when that fails.

    A folder that has its name is complete. Of several processes one fetches, the others wait.
    """
    place = cache() / f"kafka-{VERSION}"
    if place.is_dir():
        return place
    place.parent.mkdir(parents=True, exist_ok=True)
    with (place.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not place.is_dir():
            say(f"fetching Kafka {VERSION} from Maven Central, 45 MB, this time only")
            part = place.with_suffix(".part")
            shutil.rmtree(part, ignore_errors=True)
            _fetch(part)
            part.rename(place)
    return place


def _fetch(part: Path) -> None:
    try:
        from jgo.maven import MavenContext  # noqa: PLC0415
        from jgo.parse import Coordinate  # noqa: PLC0415
    except ImportError as error:
        raise LocalFailed("a local Kafka needs pip install 'storefront-triggers[local]'") from error
    repository = part / "repository"
    context = MavenContext(repo_cache=repository, timeout=60)
    try:
        asked = [context.create_dependency(Coordinate.parse(each)) for each in NEEDED]
        _, below = context.resolver.resolve(asked)
        run = [each for each in below if each.scope in ("compile", "runtime")]
        artifacts = {each.artifact for each in [*asked, *run]}
        with ThreadPoolExecutor(AT_ONCE) as pool:
            jars = list(pool.map(_resolve, artifacts))
    except (OSError, RuntimeError, ValueError) as error:
        raise LocalFailed(f"Kafka's jars cannot be had from Maven Central: {error}") from error
    for jar in jars:
        jar.rename(part / jar.name)
    shutil.rmtree(repository)


def _resolve(artifact: Any) -> Path:
    jar: Path = artifact.resolve()
    return jar
