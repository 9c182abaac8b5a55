"""Writes simulated traffic as the lines of a file, or to Kafka at a steady rate."""

import time
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec
from kafka import KafkaProducer

from agents.simulator.faults import Record
from stream.backtest import key

encode: Final = msgspec.json.Encoder().encode


def lines(traffic: Iterable[tuple[int, Record]]) -> Iterator[bytes]:
    """The lines of a backtest file, each with its line end."""
    for t, record in traffic:
        yield (record if isinstance(record, bytes) else encode({"t": t, **record})) + b"\n"


def current(traffic: Iterable[tuple[int, Record]]) -> Iterator[Record]:
    """The records with `client_time` moved to now. Each keeps its distance between the broker's and the client's time."""
    for t, record in traffic:
        if isinstance(record, dict) and isinstance(record.get("client_time"), int):
            now = int(time.time() * 1000)
            record = record | {"client_time": now - (t - record["client_time"])}  # noqa: PLW2901
        yield record


def send(
    producer: KafkaProducer, topic: str, records: Iterable[Record], rate: float, seconds: float
) -> int:
    """Sends records for `seconds`, evenly at `rate` a second. Returns their number. Raises KafkaError.

    If it falls behind, it sends without a pause until it has caught up.
    """
    failed: list[Exception] = []
    begin, sent = time.monotonic(), 0
    for record in records:
        due = begin + sent / rate
        if due >= begin + seconds or failed:
            break
        pause = due - time.monotonic()
        if pause > 0:
            time.sleep(pause)
        value = record if isinstance(record, bytes) else encode(record)
        producer.send(topic, value, key(value)).add_errback(failed.append)
        sent += 1
    producer.flush()
    if failed:
        raise failed[0]
    return sent
