"""A scene of a case: topics under a prefix of their own, a loader, workers, and the verdict at the end."""

import json
import shutil
import time
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from agents.config.settings import Settings
from agents.kafka import cluster_admin
from agents.kafka.topics import CLAIMS, EVENTS, FACTS
from agents.local.cluster import Cluster
from stream import backtest
from stream import recipes_file as files
from tests.faults import documents, durable, heeded, named, oracle, quiet, raw, verdict
from tests.faults.loader import Given, Loader, replayed
from tests.faults.report import Report, story
from tests.faults.workers import Workers

SESSION_MS = 6_000
DRAINED_S = 120.0
SETTLED_S = 1.5
CAUGHT_UP_S = 20.0
FENCED = (
    r"Fenced|fenced|NotEnoughReplicas|CoordinatorLoad|epoch|Unclosed AIOKafkaProducer| failed error=",
    r"aiokafka\.producer|Group Coordinator Request failed",
    quiet.DOUBTED,
)
"""With transactions: logged by a former owner of a partition, and at the first record of a transaction."""

INPUTS, PEOPLE = 4, 3
"""Numbers of partitions. They differ, so that a mix-up is noticed."""


class Scene:
    """`live`: the topic has the broker's time · `documents`: a second recipes file comes into force in the middle. Faults
    are told with `fault`."""

    def __init__(
        self,
        case: str,
        seed: int,
        cluster: Cluster,
        folder: Path,
        document: dict[str, Any] | None = None,
        live: bool = False,
        environ: dict[str, str] | None = None,
        inputs: int = INPUTS,
        session_ms: int = SESSION_MS,
        documents: bool = False,
    ) -> None:
        self.documents = documents
        self.case, self.seed, self.cluster, self.live = case, seed, cluster, live
        self.folder = folder
        self.document = document or {}
        self.recipes = files.load(json.dumps(self.document))
        file = folder / "recipes.json"
        file.write_text(json.dumps(self.document))
        prefix = f"f{uuid.uuid4().hex[:8]}."
        delivery: Any = (environ or {}).get("TRIGGERS_DELIVERY", "at_least_once")
        self.settings = Settings(
            kafka=tuple(cluster.bootstrap.split(",")),
            prefix=prefix,
            time="append" if live else "record",
            group=f"{prefix}triggers",
            recipes=file,
            delivery=delivery,
        )
        self.inputs = inputs
        given = {
            "TRIGGERS_KAFKA": cluster.bootstrap,
            "TRIGGERS_PREFIX": prefix,
            "TRIGGERS_TIME": self.settings.time,
            "TRIGGERS_RECIPES": str(file),
            "TRIGGERS_SESSION_MS": str(session_ms),
            **(environ or {}),
        }
        self.once = delivery == "exactly_once"
        """With delivery exactly once: no copies of committed records, and fenced workers."""
        self.workers = Workers(given, folder)
        self.loaders: list[Loader] = []
        self.began = time.monotonic()
        self.faults: list[tuple[float, str]] = []

    def fault(self, what: str) -> None:
        self.faults.append((time.monotonic() - self.began, what))

    def make_topics(self) -> None:
        with cluster_admin.connected(self.settings) as admin:
            cluster_admin.create(admin, self.settings, self.recipes.names, self.inputs, PEOPLE)

    def load(self, lines: Iterable[bytes], seconds: float) -> Loader:
        given = list(lines)
        self._publish(documents.middle(given))
        return self.write(replayed(given, self.inputs), seconds)

    def _publish(self, since: int | None) -> None:
        """Publishes a second document with the first input, if the case wants one."""
        if self.documents:
            self.documents = False
            documents.publish(self.settings, self.document, since)

    def write(self, given: Sequence[Given], seconds: float, waits: bool = True) -> Loader:
        self._publish(None)
        loader = Loader(self.settings, given, seconds, waits)
        self.loaders.append(loader)
        loader.start()
        return loader

    @property
    def loading(self) -> bool:
        return any(loader.running for loader in self.loaders)

    def conclude(
        self,
        *,
        copies: bool = True,
        refolded: bool = False,
        passed: Iterable[str] = (),
        exits: Iterable[int] = (0,),
        until: int | None = None,
        within: float = DRAINED_S,
        rss: int = verdict.RSS,
    ) -> Report:
        """Waits until all is drained, ends the workers, reads every topic and judges.

        `copies`: a crash explains some · `refolded`: state was deleted, so that all is decided again, exactly once or
        not · `passed`: log lines the faults explain · `exits`: codes with
        which workers may have ended by themselves · `until`: ms, live, the time up to which is judged.
        """
        healed = time.monotonic()
        if self.once:
            passed, exits = [*passed, *FENCED], [*exits, 1]
        for loader in self.loaders:
            loader.finish()
        with raw.Tail(self.settings, [EVENTS], committed=True) as tail:
            log = list(tail.read())
        document = documents.history(self.settings, self.document, self.live)
        rules = documents.rules(document)
        demand = oracle.demand(log, document, self.live, until or 0)
        names = [f"triggers.{name}" for name in self.recipes.names]
        found = verdict.Verdict()
        with raw.Tail(
            self.settings,
            [*names, "triggers.decisions", "storefront.rejected"],
            self.once,
        ) as tail:
            ends = self._ends(log)
            limit = time.monotonic() + within
            while time.monotonic() < limit:
                rows, look = oracle.judged(tail.read(), until), verdict.Verdict()
                if len(rows) >= demand.rows.total():  # else some are missing
                    verdict.outputs(rows, demand, look)
                    if not look.missing and self._at(ends):
                        break
                time.sleep(0.5)
            recovery = time.monotonic() - healed
            self._until_caught_up(until or 0)
            time.sleep(SETTLED_S)
            took = self.workers.stop()
            rows = oracle.judged(tail.read(), until)
        facts = raw.packed(self.settings, FACTS, self.once)
        claims = raw.packed(self.settings, CLAIMS, self.once)
        kept = {
            name: raw.packed(self.settings, name, self.once)
            for name in ("state.visitors", "state.keys", "state.people")
        }
        verdict.outputs(rows, demand, found)
        if not self.live:
            lines = [line for _, line in oracle.lines(log, False)]
            both = backtest.decide(lines, rules)
            verdict.bytes_of(rows, [*both[0], *both[1]], found)
        if (self.once or not copies) and found.copies and not refolded:
            found.broken["unique"].append(f"{found.copies} copies and no crash")
        verdict.rejected(rows, log, demand, found)
        durable.committed(ends, raw.committed(self.settings), [*facts, *claims], kept, found)
        durable.state(rules, log, facts, kept, found)
        durable.keys(claims, kept["state.keys"], found)
        heeded.order(rows, facts, self.recipes, found)
        named.named(rows, log, claims, facts, self.recipes, self.live, found)
        quiet.logs(self.workers.logs(), passed, found)
        self._look(found, took, set(exits), rss)
        report = Report(
            self.case,
            self.seed,
            found,
            len(log),
            self.faults,
            recovery,
            self.workers.exits,
            self.workers.rss,
        )
        if found.person:
            report.story = story(found.person, [*log, *claims, *facts, *rows])
        return report

    def refused(self) -> Report:
        """The report of a case that makes its own assertions. No outputs are judged."""
        nothing = verdict.Verdict()
        exits, rss = self.workers.exits, self.workers.rss
        return Report(self.case, self.seed, nothing, 0, self.faults, 0.0, exits, rss)

    def _look(self, found: verdict.Verdict, took: list[float], exits: set[int], rss: int) -> None:
        for each in self.workers.exits:
            if not each.told and each.code not in exits:
                found.broken["quiet"].append(f"worker {each.slot} ended with {each.code}")
        if any(seconds > 10 for seconds in took):
            found.broken["quiet"].append(f"SIGTERM took {max(took):.1f} s")
        if self.workers.rss > rss:
            found.broken["quiet"].append(f"{self.workers.rss >> 20} MB resident")

    def _ends(self, log: list[raw.Row]) -> dict[tuple[str, int], int]:
        ends: Counter[tuple[str, int]] = Counter()
        for row in log:
            at = row.topic, row.partition
            ends[at] = max(ends[at], row.offset + 1)
        return dict(ends)

    def _until_caught_up(self, due: int) -> None:
        """Waits until all facts are read, also those that cause no trigger: of a dead owner, or of deadlines up to `due` (ms)."""
        time.sleep(max(0.0, due / 1000 - time.time()))
        limit = time.monotonic() + CAUGHT_UP_S
        while not all(each.ready for each in self.workers.running) and time.monotonic() < limit:
            time.sleep(0.1)

    def _at(self, ends: dict[tuple[str, int], int]) -> bool:
        offsets = raw.committed(self.settings)
        return all(offsets.get(at) == end for at, end in ends.items())


@contextmanager
def scene(case: str, seed: int, cluster: Cluster, folder: Path, **options: Any) -> Iterator[Scene]:
    """A scene with its topics. Workers and loaders end with the block."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    print(f"case {case}, seed {seed}", flush=True)
    it = Scene(case, seed, cluster, folder, **options)
    it.make_topics()
    with it.workers:
        try:
            yield it
        finally:
            for loader in it.loaders:
                loader.halt()
