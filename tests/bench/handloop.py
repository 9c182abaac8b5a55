"""The lower bound: a loop on librdkafka with the state in a dict. Nothing is durable: a crash loses it all.

The job of both peers: keep a count, the last product and the cart per visitor; 30 minutes after a visitor's
last event, report its cart as abandoned. Time is the records'.
"""

import os
import sys
import time
from collections import deque
from pathlib import Path
from typing import Final

import msgspec
from confluent_kafka import Consumer, Producer

INACTIVE: Final = 30 * 60_000
AT_A_TIME: Final = 5_000


class Event(msgspec.Struct, gc=False):
    id: str
    type: str
    visitor: str
    customer: str | None = None
    product: dict[str, object] | None = None
    item: dict[str, object] | None = None


class State:
    __slots__ = ("cart", "count", "customer", "last", "product", "waits")

    def __init__(self) -> None:
        self.count, self.last, self.waits = 0, 0, False
        self.cart: list[object] = []
        self.product: object = None
        self.customer: str | None = None


def main(count: Path) -> None:
    consumer = Consumer(
        {
            "bootstrap.servers": os.environ["BENCH_KAFKA"],
            "group.id": os.environ["BENCH_GROUP"],
            "auto.offset.reset": "earliest",
        }
    )
    producer = Producer({"bootstrap.servers": os.environ["BENCH_KAFKA"]})
    topic = os.environ["BENCH_TOPIC"]
    consumer.subscribe([topic])
    states: dict[str, State] = {}
    waiting: deque[tuple[int, str]] = deque()
    decode = msgspec.json.Decoder(Event).decode
    done, told, now = 0, 0.0, 0
    while True:
        for message in consumer.consume(AT_A_TIME, 0.1):
            now = message.timestamp()[1]
            event = decode(message.value() or b"")
            state = states.get(event.visitor)
            if state is None:
                state = states[event.visitor] = State()
            state.count += 1
            state.last = now
            state.customer = event.customer
            if event.product is not None:
                state.product = event.product["id"]
            elif event.item is not None:
                state.cart.append(event.item["product_id"])
            elif event.type == "order.placed":
                state.cart.clear()
            if not state.waits:
                state.waits = True
                waiting.append((now + INACTIVE, event.visitor))
            done += 1
        while waiting and waiting[0][0] <= now:
            _, visitor = waiting.popleft()
            state = states[visitor]
            if state.last + INACTIVE > now:
                waiting.append((state.last + INACTIVE, visitor))
            else:
                if state.cart:
                    producer.produce(f"{topic}.left", msgspec.json.encode(state.cart), visitor)
                del states[visitor]
        if time.monotonic() > told + 0.1:
            told = time.monotonic()
            count.write_bytes(b"%d" % done)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
