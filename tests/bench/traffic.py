"""Generates events of a shop as bytes: about 500 bytes each, the same for the same seed.

Most are views; 1 visit in 6 has a cart, 1 visitor in 4 is a known customer. The next visitor is drawn as:
`uniform` (any), `hot` (half of all events come from 1 visitor in 100), `visits` (a few are in the
shop at a time, each for a dozen events; visitors leave and return) and `ending`
(the same with eight events a visit and an hour between visits, so every visit ends).
"""

import time
from array import array
from collections.abc import Callable, Iterator
from random import Random
from typing import Final, Literal, NamedTuple

Keys = Literal["uniform", "hot", "visits", "ending"]

START: Final = 1_767_571_200_000
"""2026-01-05T00:00Z, ms: when a record-time log begins."""

BETWEEN: Final = 20_000
"""Ms between two events of a visitor in generated time; twice that in visits that end."""

IN_THE_SHOP: Final = 10
"""One of this many visitors is in the shop at a time (`visits`)."""

JOURNEY: Final = 16
"""Events of a visit."""

SHORT: Final = JOURNEY // 2
"""Events of a visit that ends: its cart is often bought in the next visit, or never."""

SHELVES: Final = ("jackets", "trousers", "shoes", "socks", "tents", "backpacks", "cooking", "mats")
CONTEXT: Final = (
    b'"context":{"user_agent":"Mozilla/5.0 (Linux; Android 15; Pixel 8) AppleWebKit/537.36 Chrome/131.0'
    b' Mobile Safari/537.36","screen":"412x915","locale":"de-DE","referrer":"https://search.example/?q=%d"'
    b',"session":"%016x"}}'
)


Clock = Callable[[], int]


def wall() -> int:
    """The wall clock in ms."""
    return int(time.time() * 1000)


class Row(NamedTuple):
    """One event. `time`: ms."""

    time: int
    key: bytes
    value: bytes


def _product(number: int) -> bytes:
    shelf = SHELVES[number % len(SHELVES)]
    return (
        b'"id":"sku-%05d","name":"%b no. %d, with pockets","category":"%b","price":%d.90,'
        b'"url":"https://shop.example/p/sku-%05d","image":"https://shop.example/i/sku-%05d-800.webp"'
        % (number, shelf.encode(), number, shelf.encode(), 10 + number % 190, number, number)
    )


PRODUCTS: Final = tuple(_product(number) for number in range(500))
VIEWED: Final = tuple(b'"type":"product.viewed","product":{%b},' % p for p in PRODUCTS)
ADDED: Final = tuple(
    b'"type":"cart.item_added","item":{"product_%b,"quantity":1},' % p[1:] for p in PRODUCTS
)
SIGNALS: Final = (b"tab_hidden", b"scroll_up", b"close_shortcut", b"pointer_top")
LOOKS: Final = "pgvvvacvvsvvpxav"
"""A visit without a cart, one letter per event (see `_body`)."""

BUYS: Final = "pvviavviucvkvfxo"
"""A visit with a cart: added twice, shown whole, at the checkout; one in two buys at the end."""


def _body(letter: str, random: Random, visitor: int, step: int) -> bytes:
    """Type and content of an event. `i`, `u`, `k`, `f`, `o` occur only in visits with a cart."""
    number = int(random.random() * 500)
    match letter:
        case "v":
            return VIEWED[number]
        case "i":
            return ADDED[number]
        case "c":
            return b'"type":"category.viewed","category":"%b",' % SHELVES[number & 7].encode()
        case "a":
            return b'"type":"activity.pinged","seconds":%d,"visible":true,' % (number % 60)
        case "s":
            return b'"type":"search.performed","query":"tent %d","results":%d,' % (
                number,
                number % 40,
            )
        case "x":
            return b'"type":"exit.signal","signal":"%b","held_ms":%d,' % (
                SIGNALS[number & 3],
                800 + 20 * number,
            )
        case "u":
            lines = b",".join(
                b'{"product_%b,"quantity":1}' % PRODUCTS[(number + i) % 500][1:] for i in range(2)
            )
            return b'"type":"cart.updated","cart":{"version":%d,"currency":"EUR","items":[%b]},' % (
                step,
                lines,
            )
        case "k":
            return b'"type":"checkout.started",'
        case "f":
            return b'"type":"checkout.advanced","stage":"payment",'
        case "o" if number & 1:
            return b'"type":"order.placed","order":{"id":"o-%d-%d","value":89.90},' % (
                visitor,
                step,
            )
        case _:
            return (
                b'"type":"page.viewed","page":{"path":"/c/%d","title":"All for the trail","kind":"list"},'
                % number
            )


def rows(
    count: int,
    visitors: int,
    keys: Keys = "uniform",
    seed: int = 1,
    clock: Clock | None = None,
    start: int = START,
    each_first: bool = False,
    carts: bool = True,
) -> Iterator[Row]:
    """Yields `count` events. `clock`: gives their `client_time`; None: time is generated from `start` (ms) on.

    `carts`: False leaves out the visits that have one. `each_first`: every visitor comes once, in turn, before anybody's turn is drawn.
    """
    random = Random(seed)
    draw = random.random
    steps = array("H", bytes(2 * visitors))
    inside = max(1, visitors // IN_THE_SHOP)
    slots = list(range(inside))
    newest = inside
    hot = max(1, visitors // 100)
    stay = SHORT if keys == "ending" else JOURNEY
    apart = {"visits": BETWEEN / inside, "ending": 2 * BETWEEN / inside}.get(
        keys, BETWEEN / visitors
    )
    for number in range(count):
        if each_first and number < visitors:
            who = number
        elif keys == "uniform":
            who = int(draw() * visitors)
        elif keys == "hot":
            who = int(draw() * (hot if draw() < 0.5 else visitors))
        else:
            slot = int(draw() * inside)
            who = slots[slot]
            if steps[who] and steps[who] % stay == 0:
                who = slots[slot] = newest % visitors
                newest += 1
        step = steps[who]
        steps[who] = (step + 1) % 65_520
        mixed = (who * 2_654_435_761 >> 7) & 0xFFFF
        visit, place = divmod(step, JOURNEY)
        letters = BUYS if carts and (mixed + visit) % 6 == 0 else LOOKS
        at = start + int(number * apart) if clock is None else clock()
        yield Row(
            at,
            b"visitor-%08d" % who,
            b'{"id":"%024x","visitor":"visitor-%08d",%b"client_time":%d,'
            % (
                seed << 64 | number,
                who,
                b'"customer":"customer-%08d",' % who if mixed >> 6 & 3 == 0 else b"",
                at - 40,
            )
            + _body(letters[place], random, who, step)
            + CONTEXT % (number % 1000, who << 16 | visit),
        )


def timed(row: Row) -> bytes:
    """The row as a line of a backtest's file."""
    return b'{"t":%d,%b' % (row.time, row.value[1:])
