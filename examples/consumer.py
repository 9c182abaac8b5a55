"""Acts on each trigger once, and on none whose cancel it knows. `pip install kafka-python cloudevents`

What was acted on is remembered in a file, before the act: after a crash a message may be missing, none comes twice.
Remember it after the act, and it is the other way round.
"""

import os
import re
import sqlite3
import time

from cloudevents.core.bindings.kafka import KafkaMessage, from_structured_event
from kafka import KafkaConsumer

CONTENT = {"content-type": b"application/cloudevents+json"}
prefix = os.environ.get("TRIGGERS_PREFIX", "")
memory = sqlite3.connect(os.environ.get("MEMORY", "acted.sqlite3"), isolation_level=None)
memory.execute("create table if not exists acted (id text primary key)")


def first_time(id: str) -> bool:
    return memory.execute("insert or ignore into acted values (?)", (id,)).rowcount == 1


consumer = KafkaConsumer(
    bootstrap_servers=os.environ["TRIGGERS_KAFKA"].split(","),
    group_id=f"{prefix}example",
    session_timeout_ms=10_000,
    enable_auto_commit=False,
    auto_offset_reset="earliest",
    isolation_level="read_committed",
)
consumer.subscribe(pattern=rf"^{re.escape(prefix)}triggers\.(?!(decisions|shadow|outcomes)$)")
while True:
    batch = [record for records in consumer.poll(1000).values() for record in records]
    messages = [KafkaMessage(CONTENT, record.key, record.value) for record in batch]
    events = [from_structured_event(message) for message in messages]
    cancelled = {e.get_id() for e in events if e.get_type() == "storefront.trigger.cancelled.v1"}
    for event in events:
        id, data = event.get_id(), event.get_data()
        if id in cancelled:
            if memory.execute("select 1 from acted where id = ?", (data["trigger_id"],)).fetchone():
                print("recall", data["trigger_id"], data["reason"], flush=True)
        elif f"{id}/cancelled" in cancelled or time.time() * 1000 >= data["valid_until"]:
            continue
        elif first_time(id):
            print("send", id, data["person"], data["offer"], flush=True)
    if batch:
        consumer.commit()
