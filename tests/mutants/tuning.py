"""Constants that only tune: pauses, buffers, sizes of batches and caches, and the bounds of histograms.

Another value costs more or less, or shows a fault a moment later. Nothing that a shop, a person or an operator is
promised changes, so no test holds them, and no change of them is drawn. A constant that decides something does not
belong here: its boundary has a test.
"""

from typing import Final

TUNING: Final[dict[str, frozenset[str]]] = {
    module: frozenset(names.split())
    for module, names in {
        "agents/bridge/chunks.py": "MOST",
        "agents/bridge/consumer.py": "POLL_MS METADATA_MS",
        "agents/bridge/metrics.py": "CARRIED_S",
        "agents/bridge/producers.py": "BATCH_BYTES RETRY_MS",
        "agents/bridge/schema_registry.py": "PAUSE_S LONGEST_PAUSE_S",
        "agents/collector/metrics.py": "BUCKETS",
        "agents/collector/producer.py": "BATCH_BYTES AGAIN_S GOODBYE_S",
        "agents/collector/rate_limit.py": "NAMES",
        "agents/collector/rejects.py": "HELD TIMEOUT_MS AGAIN_S GOODBYE_S",
        "agents/collector/throttled_log.py": "OFTEN_S",
        "agents/kafka/cluster_admin.py": "FIRST_PAUSE_S LONGEST_PAUSE_S",
        "agents/kafka/compression.py": "LEVEL GZIP_LEVEL",
        "agents/kafka/group_member.py": "FIRST_PAUSE_S LONGEST_PAUSE_S",
        "agents/kafka/paced_fetch.py": "PLENTY IDLE_S",
        "agents/kafka/raw_batches.py": "AT_ONCE",
        "agents/kafka/reconnect.py": "RETRY_S RECONNECT_S",
        "agents/kafka/tail.py": "POLL_MS CHECK_S PAUSES_S",
        "agents/kafka/to_the_end.py": "POLL_MS FETCH_MS",
        "agents/sender/assignment.py": "OPEN SPAN",
        "agents/sender/cancellations.py": "POLL_MS",
        "agents/sender/consumer.py": "POLL_MS AT_ONCE COMMIT_S MORE_S",
        "agents/sender/dead_letters.py": "AGAIN_S",
        "agents/sender/delivery.py": "LOOKUP_AGAIN_S",
        "agents/sender/erasing.py": "AGAIN_S",
        "agents/sender/idempotency_redis.py": "TEND_S BUSY_MS",
        "agents/sender/idempotency_sqlite.py": "BUSY_S",
        "agents/sender/metrics.py": "ATTEMPT_S LATE_S",
        "agents/sender/published_names.py": "LOOK_S",
        "agents/sender/webhook.py": "QUIET_S",
        "agents/view/writer.py": "BATCH TEND_S",
        "agents/worker/checkpoint.py": "STATES PAUSE_S PAUSES_S",
        "agents/worker/deadlines.py": "MOST",
        "agents/worker/faust_app.py": "LARGEST_FETCH",
        "agents/worker/input_log.py": "EVERY_S",
        "agents/worker/instruments.py": "QUICK SLOW",
        "agents/worker/opening.py": "OPENING_S",
        "agents/worker/packing.py": "BATCH_BYTES",
        "agents/worker/partition_processor.py": "AT_A_TIME",
        "agents/worker/producer.py": "MOST_BUFFERED AT_ONCE",
        "agents/worker/recipes_follower.py": "CLOSED_CHECK_S",
        "agents/worker/restore.py": "FETCH_BYTES",
        "agents/worker/transactional_producer.py": "RETRY_MS",
        "agents/worker/watermarks.py": "PAUSES_PER_ANNOUNCEMENT LEAST_PAUSES KEYS_PAUSE_S",
        "agents/worker/worker.py": "BACKLOG",
        "stream/backtest.py": "CHUNK",
        "stream/connect/ids.py": "_known _thing",
        "stream/connect/items.py": "LONGEST_REMEMBERED MOST_REMEMBERED",
        "stream/connect/reading.py": "MOST_BRACKETS _words",
        "stream/connect/translation.py": "LONGEST_READ",
        "stream/connect/urls.py": "REMEMBERED _remembered _remembered_path",
        "stream/events/decoding.py": "_PLAIN",
        "stream/recipes/audiences.py": "MOST_KNOWN",
        "stream/store/keyed.py": "DECODED",
        "stream/store/packing.py": "SMALL SOON",
        "stream/store/stretches.py": "AT_A_STRETCH",
        "stream/store/timer_wheel.py": "TICK SPAN LOOKED_AT",
    }.items()
}
"""Their names, by file."""
