"""The places at which `make mutants` changes code, and how."""

import ast
from pathlib import Path

import pytest

from tests.mutants.sites import Mutant, mutants
from tests.mutants.tree import HOME
from tests.mutants.tuning import TUNING


def changes(folder: Path, source: str) -> list[Mutant]:
    file = folder / "code.py"
    file.write_text(source)
    return mutants(folder, file)


@pytest.mark.parametrize(
    ("source", "changed"),
    [
        ("x = a < b", "x = (a <= b)"),
        ("x = a in b", "x = (a not in b)"),
        ("x = a and b", "x = (a or b)"),
        ("x = not a", "x = (a)"),
        ("x = a + 1", "x = (a - 1)"),
        ("x = a * b", "x = (a // b)"),
        ("x = 7", "x = 8"),
        ("x = True", "x = False"),
        ("x = min(a, b)", "x = max(a, b)"),
        ("x = a if b else c", "x = (c if b else a)"),
        ("x.y = a", "pass"),
        ("x += a", "pass"),
        ("f(a)", "pass"),
        ("del x[a]", "pass"),
        ("raise X", "pass"),
        ("if a:\n    pass", "if not (a):\n    pass"),
        ("def f():\n    return a", "def f():\n    return None"),
        ("def f():\n    return False", "def f():\n    return True"),
    ],
)
def test_code_is_changed(tmp_path: Path, source: str, changed: str) -> None:
    assert changed in [mutant.applied(source) for mutant in changes(tmp_path, source)]


@pytest.mark.parametrize(
    "source",
    [
        "x = a",
        "x: Literal[1] = a",
        "def f(x: Literal[1]) -> Literal[2]: ...",
        "X = dict[1, 2]",
        "Y = A | B",
        "assert a < 1",
        "if TYPE_CHECKING:\n    x = 1",
        "x = f'{a + 1}'",
        "'A docstring.'",
        "class X(Struct, gc=False): ...",
        "class X(Struct, frozen=True): ...",
        "x = zip(a, b, strict=True)",
        "def f():\n    return None",
    ],
)
def test_code_without_an_effect_is_not_changed(tmp_path: Path, source: str) -> None:
    assert changes(tmp_path, source) == []


def test_no_and_nothing_are_one_answer(tmp_path: Path) -> None:
    assert [each.text for each in changes(tmp_path, "def f():\n    return False")] == ["True"]


def test_every_change_of_a_real_file_is_python_and_differs(tmp_path: Path) -> None:
    file = Path(__file__).parents[2] / "stream" / "store" / "timer_wheel.py"
    source = file.read_text()
    found = mutants(file.parents[2], file)
    assert len(found) > 60
    before = ast.dump(ast.parse(source))
    assert all(ast.dump(ast.parse(each.applied(source))) != before for each in found)


@pytest.mark.parametrize("file", TUNING)
def test_a_constant_that_only_tunes_is_there_and_is_not_changed(file: str, tmp_path: Path) -> None:
    source = (HOME / file).read_text()
    made = {
        each.target.id: ast.unparse(each)
        for each in ast.parse(source).body
        if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)
    }
    assert TUNING[file] <= made.keys()
    copy = tmp_path / file
    copy.parent.mkdir(parents=True)
    copy.write_text("\n".join(made[name] for name in sorted(TUNING[file])))
    assert mutants(tmp_path, copy) == []
