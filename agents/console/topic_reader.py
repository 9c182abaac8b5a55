"""Reads topics for the console: counts of the last day, the last records, and live events.

It reads triggers, decisions, rejected records, changes of audiences, published recipes, and the watermark records of one
partition of the facts. Memory is bounded: counts are in time buckets, records in ring buffers.
"""

import asyncio
import logging
import time
from collections import OrderedDict, deque
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import msgspec

from agents.config.settings import Settings
from agents.console import audience_sizes, latency
from agents.console.audience_sizes import AudienceSizes
from agents.console.hub import Hub
from agents.console.recipe_documents import RecipeDocuments
from agents.console.rolling_counts import RollingCounts
from agents.console.watermark_progress import EVERY_MS, WatermarkProgress
from agents.explain import own_records
from agents.kafka.tail import OffsetsAt, TopicTail, Tp
from agents.kafka.topics import FACTS, RECIPES
from agents.runtime.sparse_log import SparseLog
from agents.worker.producer import AUDIENCES, DECISIONS, NOT_TO_SEND, REJECTED
from stream.durations import DAY, MINUTE
from stream.outputs.audience_changes import ENTERED
from stream.outputs.triggers import CANCELLED
from stream.stages.watermark import VISITORS
from stream.state.facts import WatermarkRecord

TRIGGERS: Final = "triggers."
COUNTED_BACK: Final = DAY
"""How far back (ms) it reads at the start."""
MOST_BACK: Final = 200_000
"""At most this many records of each topic are read at the start, the last ones. A large shop sees less than a day."""

READ_WHOLE: Final = (RECIPES, AUDIENCES)
"""Topics that are read from their beginning."""

WATERMARKS_BACK: Final = 10 * MINUTE
MOST_WATERMARKS: Final = 5_000

MOST_REJECTS: Final = 200
MOST_OWNERS: Final = 20_000
"""Number of trigger ids whose person is kept."""

ORIGIN: Final = ("topic", "partition", "offset", "time", "source")
"""Headers of a rejected record with its origin: a topic, or a post to a collector."""

RECORDS_PER_TURN: Final = 500
"""Records that are counted before other tasks may run."""

SKIPPED_EVERY_S: Final = 60.0
_foreign: Final = SparseLog(
    logging.getLogger("triggers.console"), SKIPPED_EVERY_S, counted="records"
)

_watermark: Final = msgspec.json.Decoder(WatermarkRecord).decode


class TopicReader:
    """The reader. `since`: the broker's time (ms) of the oldest counted record, None before the first."""

    def __init__(self, settings: Settings, documents: RecipeDocuments, hub: Hub) -> None:
        self.counts = RollingCounts()
        self.audiences = AudienceSizes()
        self.progress = WatermarkProgress(lambda: time.monotonic_ns() // 1_000_000)
        self.rejects: deque[Mapping[str, Any]] = deque(maxlen=MOST_REJECTS)
        self.last_fired: dict[str, int] = {}
        self.since: int | None = None
        self._owners: OrderedDict[str, str] = OrderedDict()
        self._live = settings.time == "append"
        self._started = int(time.time() * 1000) if self._live else 0
        self._documents = documents
        self._hub = hub
        self.tail = TopicTail(settings, self, "console", self._publish_state)

    async def sample(self) -> None:
        """Runs for ever: samples the age of the workers' watermark."""
        while True:
            await asyncio.sleep(EVERY_MS / 1000)
            if self.tail.behind is not None and self.tail.state == "up":
                self.progress.sample()

    def person_of(self, trigger_id: str) -> str | None:
        return self._owners.get(trigger_id)

    def wants(self, topic: str, partition: int) -> bool:
        triggers = topic.startswith(TRIGGERS) and topic not in NOT_TO_SEND
        is_counted = triggers or topic in (REJECTED, RECIPES, AUDIENCES)
        return is_counted or (topic == FACTS and partition == 0)

    async def starts(
        self, partitions: Collection[Tp], begin: dict[Tp, int], end: dict[Tp, int], at: OffsetsAt
    ) -> dict[Tp, int]:
        """Start offsets: the last day's records, at most MOST_BACK a topic. Topics of WHOLE start at the first record."""
        now = int(time.time() * 1000)
        watermarks = [tp for tp in partitions if tp[0] == FACTS]
        whole = {tp: begin[tp] for tp in partitions if tp[0] in READ_WHOLE}
        rest = [tp for tp in partitions if tp[0] not in (FACTS, *READ_WHOLE)]
        found = await at(now - WATERMARKS_BACK, watermarks) | await at(now - COUNTED_BACK, rest)
        for tp in found:
            most = MOST_WATERMARKS if tp[0] == FACTS else MOST_BACK
            most_of_partition = most // sum(1 for each in partitions if each[0] == tp[0])
            found[tp] = max(begin[tp], found[tp], end[tp] - most_of_partition)
        return found | whole

    async def take(self, topic: str, partition: int, records: Sequence[Any]) -> None:
        for number, record in enumerate(records, 1):
            if topic == FACTS:
                self._watermark(record)
            elif topic == RECIPES:
                self._documents.take(record.offset, record.timestamp, record.value)
            elif topic == AUDIENCES:
                self._count_change(record)
            else:
                self._count(topic, record)
            if not number % RECORDS_PER_TURN:
                await asyncio.sleep(0)

    def _publish_state(self) -> None:
        state = {"kafka": self.tail.state, "fault": self.tail.fault}
        self._hub.publish("status", state, remember=False)

    def _watermark(self, record: Any) -> None:
        if not record.key and record.value is not None:
            found = _watermark(record.value)
            if found.stage != VISITORS:
                return
            self.progress.update(record.timestamp, found.sources, found.evidence)

    def _count(self, topic: str, record: Any) -> None:
        t = record.timestamp
        place = {"topic": topic, "partition": record.partition, "offset": record.offset, "t": t}
        self.since = t if self.since is None else min(t, self.since)
        if topic == REJECTED:
            self._count_reject(record, t, place)
        elif record.value is not None and topic == DECISIONS:
            if decision := own_records.decision(record.value):
                self._count_decision(decision, t, place)
            else:
                _skip(topic, record)
        elif record.value is not None:
            if trigger := own_records.trigger(record.value):
                self._count_trigger(trigger, t, place)
            else:
                _skip(topic, record)

    def _count_decision(self, decision: dict[str, Any], t: int, place: dict[str, Any]) -> None:
        recipe, outcome = decision["recipe"], decision["outcome"]
        shadow = decision.get("shadow", False)
        key = "shadow" if shadow else "decision", recipe, outcome, decision.get("reason", "")
        self.counts.add(t, key, decision.get("steps_left", 1))
        self._keep_person(decision["trigger_id"], decision["person"])
        if outcome != "fired" and not shadow:  # the trigger's own record says more
            self._hub.publish("decision", decision | place)

    def _count_trigger(self, event: dict[str, Any], t: int, place: dict[str, Any]) -> None:
        data, cancelled = event["data"], event["type"] == CANCELLED
        recipe = data["recipe"]
        if cancelled:
            self.counts.add(t, ("decision", recipe, "cancelled", data["reason"]))
        else:
            self.last_fired[recipe] = max(t, self.last_fired.get(recipe, t))
        if self._live:
            sort = latency.sort(recipe, cancelled, self._documents.current(t))
            latency_ms = max(0, t - data["at" if cancelled else "not_before"])
            self.counts.add(t, latency.key(sort, latency_ms))
            place |= {"taken": latency_ms}
        self._keep_person(data["trigger_id"], data["person"])
        self._hub.publish("cancel" if cancelled else "trigger", data | place)

    def _count_change(self, record: Any) -> None:
        """Counts a change of an audience, or an erased member. Publishes it live unless it is older than a day."""
        if record.value is None:
            self.audiences.forget(record.key)
            return
        event, t = own_records.change(record.value), record.timestamp
        if event is None:
            _skip(AUDIENCES, record)
            return
        data, entered = event["data"], event["type"] == ENTERED
        if not self.audiences.take(data["audience"], record.key, data["at"], entered):
            return
        direction = audience_sizes.IN if entered else audience_sizes.OUT
        self.counts.add(t, (audience_sizes.SORT, data["audience"], direction))
        if t >= self._started - COUNTED_BACK:
            place = {"topic": AUDIENCES, "partition": record.partition, "offset": record.offset}
            self._hub.publish("audience", {**data, **place, "t": t, "type": event["type"]})

    def _count_reject(self, record: Any, t: int, place: dict[str, Any]) -> None:
        headers = {name: text.decode("utf-8", "replace") for name, text in record.headers if text}
        size = headers.get("size") or str(len(record.value or b""))
        reject = place | {
            "reason": headers.get("reason", ""),
            "type": headers.get("type", ""),
            "path": headers.get("path", "$"),
            "from": {name: headers.get(name, "") for name in ORIGIN},
            "size": int(size) if size.isdigit() else 0,
            "cut": "size" in headers,
        }
        self.rejects.append(reject)
        self.counts.add(t, ("rejected", reject["reason"]))
        self._hub.publish("rejected", reject)

    def _keep_person(self, trigger_id: str, person: str) -> None:
        self._owners[trigger_id] = person
        if len(self._owners) > MOST_OWNERS:
            self._owners.popitem(last=False)


def _skip(topic: str, record: Any) -> None:
    """Logs a record that no worker has written, at most one of a topic in a minute."""
    place = {"partition": str(record.partition), "offset": str(record.offset)}
    _foreign.tell("not_of_a_worker", example=place, topic=topic)
