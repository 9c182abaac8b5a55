"""Periods, sizes and buckets that the service keeps. Whoever changes one changes what it promises, here as well."""

from importlib import import_module
from typing import Any, Final

import pytest

from stream.durations import DAY, HOUR, MINUTE

KIB: Final = 1024
MIB: Final = 1024 * KIB
QUICK: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
SLOW: Final = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200)

LIMITS: Final[dict[str, dict[str, Any]]] = {
    "agents.bridge.chunks": {"MOST": 500, "OF_A_VISITOR": 200},
    "agents.bridge.consumer": {"POLL_MS": 200, "METADATA_MS": 60_000, "REVOKE_S": 20, "FRESH_S": 10},
    "agents.bridge.health": {"STILL_S": 60},
    "agents.bridge.metrics": {"CARRIED_S": (*QUICK, 10, 30)},
    "agents.bridge.producers": {"BATCH_BYTES": 512 * KIB, "TRANSACTION_MS": 10_000, "RETRY_MS": 20},
    "agents.bridge.schema_registry": {
        "ANSWER_S": 5, "PAUSE_S": 0.5, "LONGEST_PAUSE_S": 10, "AGAIN_S": 60, "DEEPEST": 32,
    },
    "agents.bridge.translating": {"LARGEST": 256 * KIB},
    "agents.collector.access": {"REMEMBER_S": 7200, "OF_PAGES": (100, 20), "OF_SDKS": (1000, 100)},
    "agents.collector.body": {"SLOWEST_S": 10},
    "agents.collector.denied": {"AGAIN_S": 2, "UNREAD": {408, 413, 415}},
    "agents.collector.documents": {"MOST": 500, "LARGEST": MIB},
    "agents.collector.metrics": {"BUCKETS": QUICK, "NAMES": 100},
    "agents.collector.producer": {
        "PATIENCE_S": 5, "HELD": 16 * MIB, "BATCH_BYTES": 512 * KIB, "AGAIN_S": 0.25, "GOODBYE_S": 3,
    },
    "agents.collector.rate_limit": {"SECONDS_AT_ONCE": 10, "NAMES": 50_000},
    "agents.collector.rejects": {
        "LARGEST": 256 * KIB, "HELD": 8 * MIB, "TIMEOUT_MS": 10_000, "AGAIN_S": 1, "GOODBYE_S": 3,
        "REPORT_EVERY_S": 60,
    },
    "agents.collector.throttled_log": {"OFTEN_S": 10},
    "agents.kafka.cluster_admin": {"FIRST_PAUSE_S": 0.5, "LONGEST_PAUSE_S": 5, "PARTITIONS": 4},
    "agents.kafka.compression": {"LEVEL": 1, "GZIP_LEVEL": 1, "SMALL": KIB},
    "agents.kafka.credentials": {"LOGIN_MS": 10_000},
    "agents.kafka.decompression": {"LARGEST": 32 * MIB, "RECORD": 100},
    "agents.kafka.group_member": {
        "HEARTBEATS": 4, "FIRST_PAUSE_S": 0.5, "LONGEST_PAUSE_S": 5, "COMMIT_S": 3, "GRACE_S": 5,
    },
    "agents.kafka.offsets": {"LATEST": -1, "DEBUGGING_REPLICA": -2},
    "agents.kafka.paced_fetch": {"PLENTY": 256 * KIB, "IDLE_S": 1, "NEWEST": 11},
    "agents.kafka.raw_batches": {"AT_ONCE": 8 * MIB},
    "agents.kafka.reconnect": {"RETRY_S": 0.5, "RECONNECT_S": 0.2},
    "agents.kafka.tail": {"POLL_MS": 250, "CHECK_S": 2, "ANSWER_S": 4, "PAUSES_S": (0.5, 1, 2, 5)},
    "agents.kafka.to_the_end": {"POLL_MS": 1000, "FETCH_MS": 10},
    "agents.published.published_document": {"NOTICE": 5_000},
    "agents.published.published_log": {"LARGEST": 4 * MIB},
    "agents.sender.assignment": {"OPEN": 10_000, "SPAN": 100_000},
    "agents.sender.cancellations": {"POLL_MS": 100, "FRESH_S": 2},
    "agents.sender.consumer": {"POLL_MS": 100, "AT_ONCE": 500, "COMMIT_S": 1, "MORE_S": 2},
    "agents.sender.dead_letters": {"LARGEST": 2 * MIB, "AGAIN_S": 1},
    "agents.sender.delivery": {"LOOKUP_AGAIN_S": 1, "LOOK_S": 60, "RECALLED_MS": DAY},
    "agents.sender.erasing": {"LOOK_BACK_MS": 9 * DAY, "AGAIN_S": 1},
    "agents.sender.health": {"STILL_S": 60},
    "agents.sender.idempotency": {"KEPT_MS": DAY},
    "agents.sender.idempotency_redis": {"ANSWER_S": 0.5, "BREAK_S": 0.5, "TEND_S": 1, "BUSY_MS": 500},
    "agents.sender.idempotency_sqlite": {"BUSY_S": 5},
    "agents.sender.metrics": {
        "ATTEMPT_S": (*QUICK, 10, 30, 60),
        "LATE_S": (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 1800, 7200, 86_400),
    },
    "agents.sender.published_names": {"LOOK_S": 30},
    "agents.sender.responses": {"LATER": (408, 425, 429), "LONGEST_MS": HOUR},
    "agents.sender.services.preset": {"KEY_REFUSED": (401, 403), "KEY_PAUSE_MS": MINUTE},
    "agents.sender.settings": {"TIMEOUT_MS": 10_000, "REQUESTS": 16},
    "agents.sender.webhook": {"QUIET_S": 10, "LARGEST_ANSWER": 64 * KIB},
    "agents.view.redis_client": {"LIMIT_S": 0.05, "FAILURES": 3, "OPEN_S": (1, 2, 5, 10, 30)},
    "agents.view.redis_keys": {
        "DECISIONS_KEPT": 20, "FIRED_KEPT": 20_000, "DAYS_KEPT": 35, "DECISIONS_LIVE": 7 * DAY,
        "WAITING_LIVE": 30 * DAY, "ERASED_LIVE": 30 * DAY, "SETTLED_LIVE": HOUR,
    },
    "agents.view.writer": {"BATCH": 100, "TEND_S": 2, "PATIENCE_S": 10},
    "agents.worker.checkpoint": {"STATES": 250, "PAUSE_S": 0.01, "PAUSES_S": 0.25},
    "agents.worker.consumer": {"CHECK_S": 5},
    "agents.worker.dead_letters": {"LARGEST": 2 * MIB - 128 * KIB},
    "agents.worker.deadlines": {"MOST": 200},
    "agents.worker.faust_app": {"HEARTBEATS": 5, "LARGEST_FETCH": 2 * MIB, "REQUEST_S": 30},
    "agents.worker.health": {"STILL_S": 60, "HELD_S": 300, "FRESH_S": 10},
    "agents.worker.input_log": {"EVERY_S": 60},
    "agents.worker.instruments": {"QUICK": (*QUICK, 10, 30), "SLOW": SLOW},
    "agents.worker.opening": {"OPENING_S": 30},
    "agents.worker.packing": {"BATCH_BYTES": 512 * KIB, "UNCOMPRESSED": 0, "COMPRESSED": 4},
    "agents.worker.partition_processor": {"AT_A_TIME": 4_000},
    "agents.worker.producer": {"REQUEST_MS": 30_000, "MOST_BUFFERED": 1_000, "AT_ONCE": 500},
    "agents.worker.rebalance": {"SHARE_OF_SESSION": 0.8, "NO_MEMBER": (-1, "")},
    "agents.worker.recipes_follower": {"CLOSED_CHECK_S": 0.2, "TOPICS_CHECK_S": 10, "END_OF_TIME": 1 << 62},
    "agents.worker.recipes_metrics": {"RETIRE_AFTER": 5 * MINUTE},
    "agents.worker.restore": {"FETCH_BYTES": MIB},
    "agents.worker.transactional_producer": {"TIMEOUT_MS": 10_000, "RETRY_MS": 20},
    "agents.worker.visitors": {"REPORTED_EVERY_S": 60},
    "agents.worker.waiting": {"IDLE_COMMIT_S": 30},
    "agents.worker.watermarks": {
        "ROUND_S": 1, "IDLE_ROUND_S": 2.5, "IDLE_AFTER_S": 10, "PAUSES_PER_ANNOUNCEMENT": 20,
        "LEAST_PAUSES": 1.5, "REPLAY_ANNOUNCE_S": 0.05, "KEYS_PAUSE_S": 0.02, "APPEND_MS": 100,
        "MARGIN_MS": 2_000,
    },
    "agents.worker.worker": {"BACKLOG": 5_000, "GROUP_S": 5},
}  # fmt: skip


@pytest.mark.parametrize("module", LIMITS)
def test_a_limit_has_its_value(module: str) -> None:
    found = vars(import_module(module))
    assert {name: found[name] for name in LIMITS[module]} == LIMITS[module]
