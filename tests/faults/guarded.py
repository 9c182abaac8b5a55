"""A broker that requires certificates, passwords and rights. Each right is taken away in turn."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from kafka.admin import ACL, ACLFilter

from agents.kafka.acls import Acl, acls
from agents.local.cluster import cluster
from agents.local.node import Node
from tests import access_rules
from tests.faults import logs
from tests.faults.brokers import AWAY
from tests.faults.cases import Room, Skipped, case
from tests.faults.report import Report
from tests.faults.scene import Scene
from tests.faults.tampering import ENDED
from tests.faults.workers import Worker

USER, PASSWORD = "worker", "canary-of-kafka"


class Inside(NamedTuple):
    """The harness's access: the nodes' own listener, on which everything is allowed."""

    nodes: tuple[Node, ...]
    bootstrap: str


def openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


def certificates(folder: Path, host: str, expired: bool = False) -> tuple[Path, Path]:
    """(authority, the server's key and certificate) as PEM files."""
    if not shutil.which("openssl"):
        raise Skipped("openssl is not installed")
    folder.mkdir(parents=True, exist_ok=True)
    ca, ca_key, key, csr, cert = (folder / n for n in ("ca.pem", "ca.key", "key", "csr", "cert"))
    new = ["-newkey", "rsa:2048", "-nodes"]
    openssl("req", "-x509", *new, "-keyout", str(ca_key), "-out", str(ca), "-subj", "/CN=faults")
    openssl("req", *new, "-keyout", str(key), "-out", str(csr), "-subj", "/CN=kafka")
    names = folder / "names"
    names.write_text(f"subjectAltName={host}\n")
    signed = ["-CA", str(ca), "-CAkey", str(ca_key), "-CAcreateserial", "-extfile", str(names)]
    days = ["-days", "-1"] if expired else ["-days", "30"]
    openssl("x509", "-req", "-in", str(csr), "-out", str(cert), *signed, *days)
    both = folder / "server.pem"
    both.write_text(key.read_text() + cert.read_text() + ca.read_text())
    return ca, both


@contextmanager
def guarded(
    folder: Path, host: str = "IP:127.0.0.1", expired: bool = False
) -> Iterator[tuple[Inside, dict[str, str]]]:
    """(the harness's access, the environment of a worker with the rights)."""
    ca, server = certificates(folder, host, expired)
    properties = {
        "listener.security.protocol.map": "CLIENT:SASL_SSL,BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT",
        **access_rules.REQUIRED,
        "listener.name.client.ssl.keystore.type": "PEM",
        "listener.name.client.ssl.keystore.location": str(server),
    }
    with cluster(1, properties=properties) as own:
        (node,) = own.nodes
        secret = folder / "password"
        secret.write_text(PASSWORD)
        access_rules.add_user(node.inside, USER, PASSWORD)
        yield (
            Inside(own.nodes, node.inside),
            {
                "TRIGGERS_KAFKA": node.address,
                "TRIGGERS_SECURITY": "SASL_SSL",
                "TRIGGERS_USER": USER,
                "TRIGGERS_PASSWORD_FILE": str(secret),
                "TRIGGERS_CAFILE": str(ca),
            },
        )


def _allow(it: Scene, acl: ACL) -> None:
    access_rules.allow(it.settings.kafka[0], [acl])


def _forbid(it: Scene, acl: ACL) -> None:
    with access_rules.administered(it.settings.kafka[0]) as admin:
        admin.delete_acls(
            [
                ACLFilter(
                    acl.principal,
                    acl.host,
                    acl.operation,
                    acl.permission_type,
                    acl.resource_pattern,
                )
            ]
        )


def implied_by_prefix(rights: list[Acl]) -> set[str]:
    """The rights, in words, that another one by the beginning of the name gives, too."""
    return {
        f"{operation} {right.resource} {right.name}"
        for wide in rights
        for right in rights
        if wide.prefixed and wide is not right and wide.resource == right.resource
        if right.name.startswith(wide.name)
        for operation in {*wide.operations} & {*right.operations}
    }


NOTICED_S = 12.0
TRIGGERED_S = 120.0
"""Seconds until a missing right to write is noticed, once there is something to write."""


@case("security")
def each_right(room: Room) -> list[Report]:
    """SASL_SSL, SCRAM, and the rights of the topic list. Without any one of them the worker logs it and
    ends or holds its input, and continues once it has the right again. Nothing is lost."""
    with (
        guarded(room.folder / "guarded") as (inside, environ),
        room.scene("", inside, environ=environ) as it,
    ):
        rights = acls("worker", it.settings)
        needed = [a for r in rights for a in access_rules.of(USER, r)]
        for _, acl in needed:
            _allow(it, acl)
        lines = logs.worlds(room.seed, room.times(30, 120))
        it.load(lines, seconds=len(needed) * room.times(4, 20))
        worker = it.workers.add()
        it.workers.until_ready()
        seen = {}
        for what, acl in needed if room.full else needed[::6]:
            it.fault(f"without the right: {what}")
            _forbid(it, acl)
            it.workers.kill(worker)
            seen[what] = _outcome(worker, TRIGGERED_S if what.startswith("Write ") else NOTICED_S)
            _allow(it, acl)
            it.workers.until_ready()
        report: Report = it.conclude(exits=(0, 1, 2), passed=[AWAY, ENDED, "ERROR", "CRITICAL"])
        report.notes = seen
        print("\n".join(f"  {what}: {outcome}" for what, outcome in seen.items()))
        unnoticed = [what for what, outcome in seen.items() if outcome == "ready"]
        by_prefix = implied_by_prefix(rights)
        implied = [each for each in unnoticed if each.startswith("Describe ") or each in by_prefix]
        assert unnoticed == implied, f"not needed: {unnoticed}"
        return [report]


def _outcome(worker: Worker, within: float) -> str:
    """The result of a start: the worker's exit status, or whether it becomes ready."""
    time.sleep(1)
    starts, limit = worker.starts, time.monotonic() + within
    while time.monotonic() < limit:
        code = worker.process.poll()
        if code is not None and code >= 0:
            return f"ends with {code}"
        if worker.starts > starts + 1:
            return "ends again and again"
        time.sleep(0.2)
    return "ready" if worker.ready else "waits"


@case("security")
def not_let_in(room: Room) -> list[Report]:
    """A wrong password, or a certificate of another authority, expired, or for another host: exit non-zero, with
    an error, and without the secret."""
    found = []
    for name, options in {
        "password": {},
        "authority": {},
        "host": {"host": "DNS:elsewhere.example"},
        "expired": {"expired": True},
    }.items():
        folder = room.folder / f"guarded-{name}"
        with guarded(folder, **options) as (inside, environ):  # type: ignore[arg-type]
            if name == "password":
                wrong = folder / "wrong"
                wrong.write_text("canary-that-is-wrong")
                environ["TRIGGERS_PASSWORD_FILE"] = str(wrong)
            if name == "authority":
                other, _ = certificates(folder / "other", "IP:127.0.0.1")
                environ["TRIGGERS_CAFILE"] = str(other)
            with room.scene(name, inside, environ=environ) as it:
                it.fault(f"not let in: {name}")
                worker = it.workers.add()
                worker.wanted = False
                code = worker.process.wait(60)
                said = it.workers.logs()
                assert code in (1, 2), f"{name}: {code}"
                assert "canary" not in said, said
                print(f"  {name}: ends with {code}: {said.strip().splitlines()[-1][:200]}")
                found.append(it.refused())
    return found
