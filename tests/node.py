"""Node packages for tests: installed once from the lock file into .cache; without npm the test is skipped."""

import shutil
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest

CACHE = Path(__file__).parents[1] / ".cache" / "node"


def installed(folder: Path) -> Path:
    """A copy of the folder with the packages that its package-lock.json names."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("node and npm are not installed")
    lock = (folder / "package-lock.json").read_bytes()
    home = CACHE / f"{folder.name}-{sha256(lock).hexdigest()[:12]}"
    done = home / "installed"
    if not done.exists():
        home.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json", ".npmrc"):
            if (folder / name).exists():
                shutil.copy(folder / name, home)
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        made = subprocess.run(command, cwd=home, capture_output=True, text=True)
        if made.returncode:
            pytest.skip(f"npm cannot install {folder.name}: {made.stderr[-300:]}")
        done.touch()
    for script in folder.glob("*.mjs"):
        shutil.copy(script, home)
    return home


def run(folder: Path, script: str, given: str = "") -> subprocess.CompletedProcess[str]:
    """Runs a script of the folder with `given` on its stdin."""
    return subprocess.run(
        ["node", script], cwd=installed(folder), input=given, capture_output=True, text=True
    )
