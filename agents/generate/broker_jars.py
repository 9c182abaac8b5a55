"""Generates the list of the broker's jars: `python -m agents.generate.broker_jars > agents/local/jars.json`.

Run it only when Kafka's version changes. jgo resolves the dependencies as Maven does.
"""

import hashlib
import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from jgo.maven import MavenContext
from jgo.parse import Coordinate

from agents.local.jars import VERSION

NEEDED: Final = (
    f"org.apache.kafka:kafka_2.13:{VERSION}",
    "org.apache.logging.log4j:log4j-slf4j-impl:2.24.3!",  # without it a broker logs nothing
)
"""The artifacts that a broker needs. `!`: the versions that this artifact manages do not apply to Kafka's jars."""


def main() -> None:
    """Prints the list as JSON: the path of each jar in the repository, and its SHA-256."""
    with TemporaryDirectory() as folder:
        repository = Path(folder)
        context = MavenContext(repo_cache=repository)
        direct = [context.create_dependency(Coordinate.parse(each)) for each in NEEDED]
        _, indirect = context.resolver.resolve(direct)
        used = [*direct, *(each for each in indirect if each.scope in ("compile", "runtime"))]
        jars = {each.artifact.resolve() for each in used}
        sums = {
            jar.relative_to(repository).as_posix(): hashlib.sha256(jar.read_bytes()).hexdigest()
            for jar in jars
        }
    json.dump(sums, sys.stdout, indent=2, sort_keys=True)
    print()


if __name__ == "__main__":
    main()
