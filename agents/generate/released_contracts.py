"""The contracts of a release, frozen: `python -m agents.generate.released_contracts` writes schemas/released/VERSION.json once.

The rule of compatibility, held by tests/contract/test_compatibility.py for every version in the folder:
what a storefront or a recipes file of then sends is valid today, what a worker of then wrote is readable
today, and what is written today is valid by the schemas of then, so that nobody who reads must move first.
What breaks the rule needs another type or topic beside the old one.
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
"""What others read."""


def examples(name: str) -> list[Any]:
    """The valid examples of a schema."""
    files = sorted((HOME / "examples" / name / "valid").glob("*.json"))
    return [json.loads(file.read_text(encoding="utf-8")) for file in files]


def contracts() -> dict[str, Any]:
    """`examples`: of all schemas that have some, by name · `schemas`: of what others read, whole."""
    folders = (HOME / "examples").rglob("valid")
    names = sorted(str(folder.parent.relative_to(HOME / "examples")) for folder in folders)
    return {
        "examples": {name: examples(name) for name in names},
        "schemas": {name: schemas.load(name) for name in OUTPUTS},
    }


def main() -> int:
    """1 when the version is frozen already: a release is never changed."""
    file: Path = FOLDER / f"{version('storefront-triggers')}.json"
    if file.exists():
        print(f"{file} is there: raise the version in pyproject.toml", file=sys.stderr)
        return 1
    text = json.dumps(contracts(), indent=1, ensure_ascii=False, sort_keys=True)
    file.write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
