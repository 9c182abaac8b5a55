"""With a C compiler the compiled part is built and used. Otherwise all its tests would be skipped unnoticed."""

import shutil
import sysconfig
from pathlib import Path
from typing import Any

import pytest

from agents.worker import malloc
from stream.stages import backend, people_backend
from stream.stages.backend import COMPILED, PURE, best_backend
from stream.store import timer_wheel

NATIVE = Path(__file__).parents[2] / "stream" / "native"


def test_the_compiled_part_is_in_use_where_it_can_be_built() -> None:
    compiler = str(sysconfig.get_config_var("CC")).split()[0]
    if shutil.which(compiler) is None and not list(NATIVE.glob("*.so")):
        pytest.skip("no C compiler")
    assert COMPILED is not None, "there is a C compiler: run make install"
    assert best_backend() is COMPILED
    assert COMPILED.run is not None
    assert PURE.run is None
    assert people_backend.REPEATED, "a kind that decides at an idle fact is missing in _looks.h"
    assert people_backend.COMPILED is not None
    assert timer_wheel.COMPILED is not None
    assert malloc.ARENAS is not None


@pytest.mark.parametrize(
    ("module", "name", "wrong"),
    [
        (timer_wheel, "TICK", -1),
        (backend, "_new", lambda _, new=backend._new: new("another")),
        (people_backend, "_FUNCTIONS", ()),
    ],
    ids=["wheel", "visitors", "people"],
)
def test_a_compiled_part_of_another_release_is_refused(
    module: Any, name: str, wrong: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    if module.COMPILED is None:
        pytest.skip("not built")
    with monkeypatch.context() as patch:
        patch.setattr(module, name, wrong)
        with pytest.raises(ImportError, match="run make install"):
            module._built()
    assert module._built() is not None  # configured again


def test_python_decides_where_the_compiled_part_lacks_a_kind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(people_backend, "REPEATED", False)
    assert people_backend._built() is None
