"""Downloads of files by a list with checksums, from a server in this test."""

import hashlib
import json
import multiprocessing
from collections import Counter
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from agents.local import jars
from agents.local.process import LocalFailed

FILES = {"org/shop/one/1/one-1.jar": b"one", "org/shop/two/2/two-2.jar": b"two"}


class Server(ThreadingHTTPServer):
    asked: Counter[str] = Counter()


class Handler(SimpleHTTPRequestHandler):
    def do_GET(self) -> None:
        Server.asked[self.path.lstrip("/")] += 1
        super().do_GET()

    def log_message(self, *_: object) -> None:
        """Logs nothing."""


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A repository with all files, and the list with their checksums."""
    repository = tmp_path / "repository"
    for path, data in FILES.items():
        (repository / path).parent.mkdir(parents=True)
        (repository / path).write_bytes(data)
    sums = {path: hashlib.sha256(data).hexdigest() for path, data in FILES.items()}
    (tmp_path / "jars.json").write_text(json.dumps(sums))
    monkeypatch.setattr(jars, "LIST", tmp_path / "jars.json")
    monkeypatch.setattr(jars, "PAUSES_S", (0, 0))
    Server.asked = Counter()
    with Server(("127.0.0.1", 0), partial(Handler, directory=str(repository))) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


WANTED = {"one-1.jar": b"one", "two-2.jar": b"two"}


def test_all_are_fetched_once_with_a_word(source: str, tmp_path: Path) -> None:
    said: list[str] = []
    folder = jars.kept(said.append, tmp_path / "cache", source)
    assert contents(folder) == WANTED
    assert len(said) == 1
    assert jars.kept(said.append, tmp_path / "cache", source) == folder
    assert len(said) == 1
    assert set(Server.asked.values()) == {1}


def test_a_file_with_another_sum_is_refused(source: str, tmp_path: Path) -> None:
    (tmp_path / "repository" / "org/shop/two/2/two-2.jar").write_bytes(b"other")
    with pytest.raises(LocalFailed, match=r"two-2\.jar: expected the checksum"):
        jars.kept(print, tmp_path / "cache", source)
    assert not list((tmp_path / "cache").glob("kafka-*"))


def test_a_missing_file_is_named_and_the_others_are_fetched_again_later(
    source: str, tmp_path: Path
) -> None:
    file = tmp_path / "repository" / "org/shop/two/2/two-2.jar"
    file.unlink()
    with pytest.raises(LocalFailed, match=r"two-2\.jar: download failed: .*404"):
        jars.kept(print, tmp_path / "cache", source)
    assert Server.asked["org/shop/two/2/two-2.jar"] == 2
    file.write_bytes(b"two")
    assert contents(jars.kept(print, tmp_path / "cache", source)) == WANTED


def test_a_removed_jar_is_downloaded_again(source: str, tmp_path: Path) -> None:
    folder = jars.kept(print, tmp_path / "cache", source)
    (folder / "one-1.jar").unlink()
    assert contents(jars.kept(print, tmp_path / "cache", source)) == WANTED


def test_one_of_many_processes_downloads(source: str, tmp_path: Path) -> None:
    fork = multiprocessing.get_context("fork")
    many = [
        fork.Process(target=jars.kept, args=(print, tmp_path / "cache", source)) for _ in range(4)
    ]
    for each in many:
        each.start()
    for each in many:
        each.join()
    assert [each.exitcode for each in many] == [0] * 4
    assert set(Server.asked.values()) == {1}


def test_the_list_names_each_jar_once_and_the_broker_with_its_version() -> None:
    sums = json.loads(jars.LIST.read_text())
    names = [Path(path).name for path in sums]
    assert len(set(names)) == len(names)
    assert f"kafka_2.13-{jars.VERSION}.jar" in names
    assert all(len(value) == 64 for value in sums.values())
