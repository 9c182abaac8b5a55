"""`python -m agents.generate.broker_jars > agents/local/jars.json`: makes the list of the broker's jars again.

Needed when Kafka's version changes and at no other time, like `make lock`. Maven's rules are jgo's.
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
"""`!`: its list of versions says nothing about Kafka's."""


def main() -> None:
    with TemporaryDirectory() as folder:
        repository = Path(folder)
        context = MavenContext(repo_cache=repository)
        asked = [context.create_dependency(Coordinate.parse(each)) for each in NEEDED]
        _, below = context.resolver.resolve(asked)
        used = [*asked, *(each for each in below if each.scope in ("compile", "runtime"))]
        jars = {each.artifact.resolve() for each in used}
        sums = {
            jar.relative_to(repository).as_posix(): hashlib.sha256(jar.read_bytes()).hexdigest()
            for jar in jars
        }
    json.dump(sums, sys.stdout, indent=2, sort_keys=True)
    print()


if __name__ == "__main__":
    main()
