"""Which tests `make mutants` asks about a change."""

from collections import Counter
from pathlib import Path

import pytest

from tests.mutants import covering
from tests.mutants.covering import Coverage

USER, OTHER = "tests/unit/test_used.py::test_use", "tests/unit/test_other.py::test_other"
LINES = {
    "stream/made.py": {1: set[str](), 3: set[str](), 4: {OTHER}},
    "stream/used.py": {1: set[str](), 4: {USER}},
}
MADE = "LIMIT = 5\n\ndef other():\n    return 3\n"
USED = "from stream.made import LIMIT\n\ndef use(x):\n    return x < LIMIT\n"


@pytest.fixture(autouse=True)
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "stream").mkdir()
    (tmp_path / "stream/made.py").write_text(MADE)
    (tmp_path / "stream/used.py").write_text(USED)
    monkeypatch.setattr(covering, "TREE", tmp_path)


def test_a_line_is_asked_of_the_tests_that_run_it() -> None:
    assert covering.tests_of(Coverage(LINES, Counter([USER, OTHER])), "stream/made.py", 4, 4) == [
        OTHER
    ]


def test_a_constant_is_asked_of_a_test_that_uses_it_and_then_of_all_files() -> None:
    found = covering.tests_of(Coverage(LINES, Counter([USER, OTHER])), "stream/made.py", 1, 1)
    assert found == [USER, "tests/unit/test_other.py", "tests/unit/test_used.py"]
