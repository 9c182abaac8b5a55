"""`python -m tests.golden` adds a file when the code's changelogs differ from the newest file.

A released file is kept for ever, for upgrades that skip releases. `--again` rewrites the newest
file, for a format that is not released yet.
"""

import argparse
from importlib.metadata import version
from pathlib import Path

from stream.store.changelog import FORMAT
from tests.golden import HOME, Golden, files, worlds

SEED = 24
"""The seed with which every part of both states is used (test_golden.py)."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.golden", description=__doc__)
    parser.add_argument("--again", action="store_true", help="the newest file anew")
    again = parser.parse_args().again
    lines, read = worlds.log(SEED)
    made = Golden.made(version("storefront-triggers"), worlds.recipes(SEED), lines, read).text()
    newest = files()[-1:]
    if newest and newest[0].read_text() == made:
        print(f"{newest[0]} is what the code writes")
        return
    file = newest[0] if again and newest else _next()
    file.write_text(made)
    print(f"{file} is written")


def _next() -> Path:
    number = len(list(HOME.glob(f"format-{FORMAT}.*.json")))
    return HOME / f"format-{FORMAT}.{number}.json"


if __name__ == "__main__":
    main()
