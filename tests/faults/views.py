"""Redis is a view: no fault of Redis changes a decision or delays a worker."""

import time

import redis

from agents.local.redis import server
from tests.faults import logs
from tests.faults.cases import Room, case
from tests.faults.report import Report


@case("redis", star=True)
def redis_away(room: Room) -> list[Report]:
    """Redis is frozen, down, flushed, full, or has another password."""
    with server() as store, room.scene() as it:
        it.load(logs.worlds(room.seed, 15), seconds=12)
        it.workers.add_two(TRIGGERS_REDIS=store.url)
        client = redis.Redis.from_url(store.url)
        it.fault("Redis is full")
        client.config_set("maxmemory", "1mb")
        it.fault("Redis is flushed")
        client.flushall()
        it.fault("Redis has another password")
        client.config_set("requirepass", "canary-of-redis")
        time.sleep(2)
        it.fault("Redis is frozen")
        store.freeze()
        try:
            time.sleep(4)
        finally:
            store.thaw()
        it.fault("Redis is down")
        store.kill()
        return [it.conclude(copies=False)]
