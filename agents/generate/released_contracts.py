"""Freezes the contracts of a release: `python -m agents.generate.released_contracts` writes schemas/released/VERSION.json.

tests/contract/test_compatibility.py holds the rule of compatibility for every version in that folder:

- Events and recipes files of that version are valid today.
- Records that a worker of that version wrote can be read today.
- Records written today are valid by the schemas of that version, so readers need not be upgraded first.

A change that breaks the rule needs a new type or topic beside the old one.
"""

import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import schemas
from schemas.files import HOME

FOLDER: Final = HOME / "released"
OUTPUTS: Final = (
    "trigger.fired",
    "trigger.cancelled",
    "decision",
    "outcome",
    "rejected",
    "undelivered",
)
"""The schemas of records that other systems read."""


def examples(name: str) -> list[Any]:
    """The valid examples of a schema."""
    files = sorted((HOME / "examples" / name / "valid").glob("*.json"))
    return [json.loads(file.read_text(encoding="utf-8")) for file in files]


def contracts() -> dict[str, Any]:
    """`examples`: the valid examples of each schema, by its name · `schemas`: the schemas of OUTPUTS."""
    folders = (HOME / "examples").rglob("valid")
    names = sorted(str(folder.parent.relative_to(HOME / "examples")) for folder in folders)
    return {
        "examples": {name: examples(name) for name in names},
        "schemas": {name: schemas.load(name) for name in OUTPUTS},
    }


def main() -> int:
    """The exit status. 0: written. 1: this version is frozen already, and a release never changes."""
    file: Path = FOLDER / f"{version('storefront-triggers')}.json"
    if file.exists():
        print(f"{file} exists: raise the version in pyproject.toml first", file=sys.stderr)
        return 1
    text = json.dumps(contracts(), indent=1, ensure_ascii=False, sort_keys=True)
    file.write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
