"""The poison corpus: records that no storefront should send, but some will."""

import json
import random
from typing import Any

from agents.kafka.partitioner import partition_of
from tests.faults.loader import Given
from tests.faults.oracle import is_rejected
from tests.reference.generate_faults import BROKEN

Poison = tuple[bytes | None, bytes | None]
WRONG: tuple[Any, ...] = (None, 1, 1.5, "x", "", [], {}, True, [1], {"x": 1}, -1)
LONG = 5_000


def event(**fields: Any) -> dict[str, Any]:
    return {"id": "poison", "type": "page.viewed", "visitor": "poison", **fields}


def packed(document: Any) -> bytes:
    return json.dumps(document).encode()


def corpus() -> list[Poison]:
    """(key, value) of each record. The reference decides whether and why it is invalid."""
    key = b"poison"
    nested = b"[" * 2000 + b"]" * 2000
    product = {"type": "product.viewed"}
    raw: list[bytes | None] = [
        nested,
        packed(event()).replace(b"{", b'{"x": ' + nested + b", ", 1),
        b'{"x": ' * 2000 + b"1" + b"}" * 2000,
        b"7" * LONG,
        packed(event()).replace(b"{", b'{"client_time": ' + b"7" * LONG + b", ", 1),
        packed(event(**product)).replace(b"{", b'{"product": {"id": "p", "price": 1e999}, ', 1),
        packed(event(**product)).replace(b"{", b'{"product": {"id": "p", "price": NaN}, ', 1),
        packed(event(**product)).replace(b"{", b'{"product": {"id": "p", "price": -Infinity}, ', 1),
        packed(event()).replace(b"{", b'{"client_time": 1e999, ', 1),
        packed(event(type="search.performed", query="\ud800")),
        packed(event(**{"\udfff": 1})),
        packed(event(id="\ud83d")),
        packed(event()).decode().encode("utf-16"),
        b"\xef\xbb\xbf" + packed(event()),
        b"\xff\xfe\x00",
        packed(event())[:-1] + b', "type": "order.placed"}',
        packed(event(id="nul\x00nul", note="\u202egnp.exe\u0000")),
        packed(event(padding="x" * 900_000)),
        b"x" * 900_000,
        b"",
        b" ",
        None,
        b"null",
        b"0",
        b'"x"',
        b"[]",
        b"true",
        b"{}",
        b"\x00",
        b"{" * 3000,
        packed(event()) + packed(event()),
        packed(event()) + b"garbage",
        b"'single': 'quotes'",
        packed(event(schema="http://127.0.0.1:1/never", **{"$ref": "http://127.0.0.1:1/never"})),
        packed(event(email="canary@example.com", type=7)),
        packed(event(type="canary.canary@example.com", customer=["canary"])),
        packed(event(visitor="canary@example.com")),
        b'{"canary@example.com": ',
        packed(event(type="search.performed", query="a" * 60_000 + "!")),
        packed(event(client_time=10**18)),
        packed(event(client_time=1)),
        packed(event(client_time=1767225600)),
        packed(event(t="no time")),
    ]
    raw += [packed({**event(), **each}) for each in BROKEN if "\udc00" not in each]
    raw += [packed({**event(), name: wrong}) for name in event() for wrong in WRONG]
    found: list[Poison] = [(key, value) for value in raw]
    return [*found, (None, packed(event())), (b"", packed(event())), (b"other", packed(event()))]


def mixed(given: list[Given], partitions: int, pick: random.Random, row: int) -> list[Given]:
    """The corpus among other records: one in 20, and `row` of them in a row in the middle. Valid ones
    go to the partition of their key, because a visitor is in one partition."""
    every = corpus()
    found: list[Given] = []
    for number, each in enumerate(given):
        found.append(each)
        count = 1 if number % 20 == 19 else row if number == len(given) // 2 else 0
        for number_ in range(count):
            key, value = (
                every[pick.randrange(len(every))] if number_ < 200 else every[number_ % 5 + 19]
            )
            partition = each.partition
            if key and not is_rejected(key, value):
                partition = partition_of(key, partitions)
            found.append(Given(partition, each.time, key, value))
    return found
