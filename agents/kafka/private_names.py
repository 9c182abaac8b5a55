"""Private names of Faust and aiokafka that this code uses. A test checks that the installed releases have them."""

from typing import Final

PRIVATE: Final = {
    "faust.transport.drivers.aiokafka:Transport": ("Consumer",),
    "faust.transport.drivers.aiokafka:Consumer": (
        "_new_consumer_thread",
        "_thread",
        "_wait_next_records",
    ),
    "faust.transport.drivers.aiokafka:AIOKafkaConsumerThread": (
        "_consumer",
        "_create_worker_consumer",
        "_ensure_consumer",
        "_fetch_records",
        "call_thread",
    ),
    "mode.threads:ServiceThread": ("_keepalive2", "_thread_keepalive"),
    "faust.app.base:App": ("_create_directories",),
    "faust.sensors.monitor:Monitor": ("_sampler",),
    "aiokafka.client:AIOKafkaClient": ("_get_conn",),
    "aiokafka.consumer.consumer:AIOKafkaConsumer": (
        "_client",
        "_coordinator",
        "_fetcher",
        "_isolation_level",
    ),
    "aiokafka.consumer.fetcher:Fetcher": (
        "_check_crcs",
        "_client",
        "_fetch_max_wait_ms",
        "_fetcher_timeout",
        "_isolation_level",
        "_proc_fetch_request",
        "_subscriptions",
    ),
    "aiokafka.protocol.fetch:FetchRequest": ("_max_wait_ms", "_min_bytes"),
    "aiokafka.consumer.subscription_state:SubscriptionState": ("fetch_context",),
    "aiokafka.consumer.subscription_state:Assignment": ("active", "state_value"),
    "aiokafka.consumer.subscription_state:TopicPartitionState": (
        "consumed_to",
        "has_valid_position",
        "paused",
        "position",
    ),
    "aiokafka.consumer.group_coordinator:GroupCoordinator": (
        "check_errors",
        "generation",
        "member_id",
    ),
    "aiokafka.consumer.fetcher:FetchResult": (
        "getall",
        "check_assignment",
        "has_more",
        "_update_position",
        "_topic_partition",
        "_partition_records",
    ),
    "aiokafka.record.memory_records:MemoryRecords": ("has_next", "next_batch"),
    "aiokafka.consumer.fetcher:PartitionRecords": (
        "next_fetch_offset",
        "_records",
        "_records_iterator",
        "_check_crcs",
        "_isolation_level",
        "_aborted_producers",
        "_consume_aborted_up_to",
        "_contains_abort_marker",
    ),
    "aiokafka.producer.producer:AIOKafkaProducer": ("_message_accumulator",),
    "aiokafka.producer.message_accumulator:MessageAccumulator": ("_batch_ttl",),
    "aiokafka.producer.message_accumulator:BatchBuilder": ("_builder", "_relative_offset"),
}
"""Private names that are overridden or called, by `module:class`."""
