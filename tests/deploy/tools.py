"""Programs that check deployment files: found, or built once into .cache/tools; else the test is skipped."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
CACHE = ROOT / ".cache" / "tools"

GO = {
    "kustomize": ("sigs.k8s.io/kustomize/kustomize/v5@v5.7.1", "kustomize"),
    "compose": ("github.com/compose-spec/compose-go/v2/cmd@v2.16.2", "cmd"),
}
"""By name: the module with its version, and the program name of `go install`."""


def found(name: str, package: str) -> str:
    """The path of an installed program; `package`: where to get it."""
    beside = Path(sys.executable).parent / name
    path = str(beside) if beside.exists() else shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed ({package})")
    return path


def built(name: str) -> str:
    """The path of a Go program, built if missing."""
    module, made = GO[name]
    path = CACHE / f"{name}-{module.rpartition('@')[2]}"
    if not path.exists():
        go = found("go", "Go")
        environ = {**os.environ, "GOBIN": str(CACHE), "GOFLAGS": "-mod=mod"}
        install = subprocess.run([go, "install", module], env=environ, capture_output=True)
        if install.returncode:
            pytest.skip(f"{module} cannot be built: {install.stderr.decode()[-300:]}")
        (CACHE / made).rename(path)
    return str(path)


def run(command: Sequence[str | Path], **options: str | Path) -> str:
    """The output of a program; fails the test with it unless the exit status is 0."""
    done = subprocess.run(command, capture_output=True, text=True, **options)  # type: ignore[call-overload]
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return str(done.stdout)
