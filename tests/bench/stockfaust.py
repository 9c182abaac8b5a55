"""Stock Faust on the same job as handloop.py: an agent with a Table, and a timer that finds idle visitors.

Faust lets only the agent change the table. So the timer keeps in memory which visits it has ended.
"""

import os
import sys
import time
from pathlib import Path
from typing import Any, Final

import faust

INACTIVE_S: Final = 30 * 60.0

app = faust.App(
    os.environ["BENCH_GROUP"],
    broker=f"kafka://{os.environ['BENCH_KAFKA']}",
    consumer_auto_offset_reset="earliest",
    store="memory://",
    datadir=Path(sys.argv[1]).with_suffix(".faust"),
    web_enabled=False,
    topic_partitions=int(os.environ["BENCH_PARTITIONS"]),
)
events = app.topic(
    os.environ["BENCH_TOPIC"], value_type=bytes, key_type=bytes, value_serializer="json"
)
left = app.topic(f"{os.environ['BENCH_GROUP']}-left", value_serializer="json")
states = app.Table("visitors", default=dict)
ended: dict[str, float] = {}
reached = 0.0
done = 0


@app.agent(events)
async def visitors(stream: Any) -> None:
    global done, reached
    async for happening in stream.events():
        event = happening.value
        reached = happening.message.timestamp
        state = states[event["visitor"]]
        state["count"] = state.get("count", 0) + 1
        state["last"] = reached
        state["customer"] = event.get("customer")
        if "product" in event:
            state["product"] = event["product"]["id"]
        elif "item" in event:
            state["cart"] = [*state.get("cart", ()), event["item"]["product_id"]]
        elif event["type"] == "order.placed":
            state["cart"] = []
        states[event["visitor"]] = state
        done += 1


@app.timer(interval=10.0)
async def idle() -> None:
    for visitor, state in list(states.items()):
        if state["last"] + INACTIVE_S <= reached and ended.get(visitor) != state["last"]:
            ended[visitor] = state["last"]
            if state.get("cart"):
                await left.send(key=visitor, value=state["cart"])


@app.timer(interval=0.1)
async def tell() -> None:
    Path(sys.argv[1]).write_bytes(b"%d" % done)


if __name__ == "__main__":
    started = time.monotonic()
    faust.Worker(app, loglevel="warning").execute_from_commandline()
