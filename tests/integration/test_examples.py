"""The examples work, also after a kill."""

import json
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from kafka.errors import KafkaError

from agents.local import ports
from agents.local.process import Process
from tests.integration.sending import (
    HERE,
    SECRET,
    Topics,
    rewind,
    sender,
    trigger,
    triggers_of,
)

EXAMPLES = HERE / "examples"
ALL_S = 120.0


def node_folder() -> Path:
    """The Node example with its dependencies, kept between runs."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("there is no node or npm")
    source, folder = EXAMPLES / "node", HERE / ".cache" / "examples-node"
    folder.mkdir(parents=True, exist_ok=True)
    lock = "package-lock.json"
    kept = (folder / "node_modules").is_dir() and (folder / lock).is_file()
    fresh = kept and (folder / lock).read_bytes() == (source / lock).read_bytes()
    shutil.copytree(
        source, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("node_modules")
    )
    if not fresh:
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=folder, check=True)
    return folder


def python_consumer() -> list[str]:
    return [sys.executable, str(EXAMPLES / "consumer.py")]


def node_consumer() -> list[str]:
    return ["node", str(node_folder() / "consumer.js")]


def example(command: list[str], folder: Path, **env: str) -> Process:
    variables = [f"{name}={value}" for name, value in env.items()]
    log = folder / "example.log"
    return Process("example", ["env", *variables, *command], log, lambda process: True)


def wait(process: Process, told: list[str], *more: Process, recalled: int = 1) -> None:
    """Waits until it, and more processes with it, have printed these lines, in any order.

    Each `send` comes exactly once, and each `recall` at least `recalled` times: one that was printed before a kill, and not
    committed, comes again.
    """
    limit = time.monotonic() + ALL_S
    recalls = {line for line in told if line.startswith("recall")}
    sends = sorted(set(told) - recalls)
    while True:
        found = Counter(line for each in (process, *more) for line in lines(each))
        done = sorted(line for line in found.elements() if line not in recalls) == sends
        if done and all(found[line] >= recalled for line in recalls):
            return
        process.check()
        assert time.monotonic() < limit, process.log.read_text()
        time.sleep(0.05)


def lines(process: Process) -> list[str]:
    starts = ("send", "recall")
    return [each for each in process.log.read_text().splitlines() if each.startswith(starts)]


@pytest.mark.parametrize("command", [python_consumer, node_consumer], ids=["python", "node"])
def test_a_consumer_acts_once_and_not_after_a_cancel(
    broker: str,
    prefix: str,
    topics: Topics,
    tmp_path: Path,
    command: Callable[[], list[str]],
) -> None:
    one, bought, late = trigger("one"), trigger("bought"), trigger("late", wait=-900, valid=100)
    topics.fire(one, bought, late, trigger("nobody is to send it", recipe="shadow"))
    topics.cancel(bought)
    for no_trigger in ("decisions", "outcomes"):
        topics.put(no_trigger, b"visitor:one", b'{"trigger_id": "0"}')
    told = [f"send {one.id} {one.person} percent-10"]
    env = {
        "TRIGGERS_KAFKA": broker,
        "TRIGGERS_PREFIX": prefix,
        "MEMORY": str(tmp_path / "memory"),
    }
    running = example(command(), tmp_path, **env)
    try:
        running.start()
        wait(running, told)
        running.kill()
        other = trigger("other")
        topics.fire(one, other)
        topics.cancel(one)
        told += [f"send {other.id} {other.person} percent-10", f"recall {one.id} ordered"]
        running.start()
        wait(running, told)
    finally:
        running.kill()


def put_back(topics: Topics, group: str, records: int) -> None:
    """Resets the offsets of a group to the beginning, as soon as the broker has given up its members."""
    limit = time.monotonic() + ALL_S
    while topics.left(f"{topics.settings.prefix}{group}") < records:
        assert time.monotonic() < limit
        time.sleep(0.5)
        with suppress(KafkaError):
            rewind(topics, group)


@pytest.mark.parametrize(
    ("command", "group"),
    [(python_consumer, "example"), (node_consumer, "example-node")],
    ids=["python", "node"],
)
def test_a_consumer_started_twice_acts_once_also_after_offsets_were_put_back(
    broker: str,
    prefix: str,
    topics: Topics,
    tmp_path: Path,
    command: Callable[[], list[str]],
    group: str,
) -> None:
    given = triggers_of(60, people=40)
    memory = str(tmp_path / "memory")
    env = {"TRIGGERS_KAFKA": broker, "TRIGGERS_PREFIX": prefix, "MEMORY": memory}
    folders = [tmp_path / name for name in ("one", "other")]
    for folder in folders:
        folder.mkdir()
    one, other = (example(command(), folder, **env) for folder in folders)
    told = [f"send {each.id} {each.person} percent-10" for each in given]
    recalls = [f"recall {each.id} ordered" for each in given[:20]]
    try:
        one.start()
        other.start()
        topics.fire(*given)
        wait(one, told, other)
        topics.cancel(*given[:20])
        wait(one, [*told, *recalls], other)
        one.kill()
        after = triggers_of(100, people=40)[60:]
        topics.fire(*given, *after)  # a worker that crashed writes again what it had not committed
        told += [f"send {each.id} {each.person} percent-10" for each in after]
        wait(other, [*told, *recalls], one)
        other.kill()
        put_back(topics, group, 2 * len(given) + len(recalls) + len(after))
        one.start()
        other.start()
        wait(one, [*told, *recalls], other, recalled=2)
    finally:
        one.kill()
        other.kill()


def test_an_endpoint_acts_once_on_each_message_and_refuses_forged_ones(
    broker: str, prefix: str, topics: Topics, tmp_path: Path
) -> None:
    port = ports.free(1)[0]
    env = {
        "PORT": str(port),
        "TRIGGERS_WEBHOOK_SECRET": SECRET,
        "MEMORY": str(tmp_path / "memory"),
    }
    hook = example([sys.executable, str(EXAMPLES / "endpoint.py")], tmp_path, **env)
    given = trigger("one")
    topics.fire(given)
    try:
        hook.start()
        url = f"http://127.0.0.1:{port}/"
        with sender(broker, prefix, url, tmp_path):
            wait(hook, [f"send {given.id}"])
        (tmp_path / "marks.sqlite3").unlink()
        with sender(broker, prefix, url, tmp_path, TRIGGERS_SENDER_GROUP=f"{prefix}again") as again:
            limit = time.monotonic() + ALL_S
            while again.number("triggers_sender_attempts_total", answer="2xx") < 1:
                assert time.monotonic() < limit
                time.sleep(0.05)
            topics.cancel(given)
            wait(hook, [f"send {given.id}", f"recall {given.id}/cancelled"])
        assert forged(url) == [401, 401, 401]
        wait(hook, [f"send {given.id}", f"recall {given.id}/cancelled"])
    finally:
        hook.kill()


def forged(url: str) -> list[int]:
    """Its answers to a request without a signature, with a wrong one, and with an old time."""
    body = json.dumps({"data": {"person": "visitor:x"}}).encode()
    now = str(int(time.time()))
    found = []
    for headers in (
        {},
        {"webhook-id": "x", "webhook-timestamp": now, "webhook-signature": "v1,AAAA"},
        {"webhook-id": "x", "webhook-timestamp": "1614265330", "webhook-signature": "v1,AAAA"},
    ):
        with suppress(urllib.error.HTTPError):
            try:
                urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=60)
            except urllib.error.HTTPError as error:
                found.append(error.code)
    return found
