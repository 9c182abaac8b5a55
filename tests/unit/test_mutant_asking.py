"""How `make mutants` asks about changes on all processors: which are seen, and that each is made in a tree of its own."""

import os
import subprocess
import sys
from pathlib import Path

from tests.mutants.tree import HOME

CODE = """
def is_child(age):
    return age < 18

def is_old(age):
    return age >= 65
"""
TESTS = """
from stream.ages import is_child, is_old

def test_child(): assert is_child(17) and not is_child(18)
def test_old(): assert is_old(80)
"""
RUN = """
import sys
from collections import Counter
from pathlib import Path
from tests.mutants import asking, covering, runs, tree
from tests.mutants.sites import mutants

runs.LIBRARIES, tree.TREE, covering.TREE = (), Path(sys.argv[1]), Path(sys.argv[1])
child, old = "test_it.py::test_child", "test_it.py::test_old"
lines = {"stream/ages.py": {3: {child}, 6: {old}}}
every = mutants(tree.TREE, tree.TREE / "stream/ages.py")
sample = [each for each in every if each.text.startswith("(")]
for mutant, is_seen in asking.seen(sample, [covering.Coverage(lines, Counter([child, old]))]):
    print(is_seen, mutant)
"""


def test_a_change_is_seen_if_a_test_fails_with_it_alone(tmp_path: Path) -> None:
    """The changes of the other processes are in other trees: none of them fails a test here."""
    (tmp_path / "tree/stream").mkdir(parents=True)
    (tmp_path / "tree/stream/__init__.py").touch()
    (tmp_path / "tree/stream/ages.py").write_text(CODE)
    (tmp_path / "tree/test_it.py").write_text(TESTS)
    bare = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # starts and ends at once
    command = [sys.executable, "-c", RUN, str(tmp_path / "tree")]
    said = subprocess.check_output(command, cwd=HOME, text=True, env=bare).splitlines()
    assert sorted(said) == [
        "False stream/ages.py:6  age >= 65  ->  (age > 65)",
        "True stream/ages.py:3  age < 18  ->  (age <= 18)",
    ]
    assert (tmp_path / "tree/stream/ages.py").read_text() == CODE
