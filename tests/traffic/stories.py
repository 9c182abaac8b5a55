"""Stories of shoppers, scene by scene. A pair of sources, a browser's and a server's, says what each scene sends."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import ClassVar, Final

from stream.connect.source import Source
from tests.contract.test_connect import key_of
from tests.traffic.joined import MINUTE, NINE, Told

PRICE: Final = 19.9
"""Of a shirt, in EUR. A shopper has two in the cart."""

LEFT: Final = "checkout-abandonment ['email'] [('100', 2)] 39.8"
UNPAID: Final = "payment-failed ['email'] [('100', 2)] 39.8"
"""Reminders as `joined.reminders` writes them."""

Scene = Iterable[Told]


class Shopper:
    """A shopper with two shirts in the cart. `ends`: one of ENDS. Each scene takes its second, counted from the start."""

    SOURCES: ClassVar[Mapping[str, Source]]
    SERVERS: ClassVar[tuple[str, ...]]
    """The sources whose requests may come late, and twice."""

    REMINDED: ClassVar[Mapping[str, str]]
    """The reminder that each story brings. The others bring none."""

    WITHOUT: ClassVar[tuple[str, ...]] = ()
    """Endings that this pair cannot report, or whose end depends on the order of arrival."""

    def __init__(self, number: int, ends: str, member: bool) -> None:
        self.number, self.ends, self.member = number, ends, member
        self.start = NINE + number * 7 * MINUTE
        self.visitor = f"{1_000 + number}.{2_000 + number}"
        self.customer = str(900 + number) if member else None
        self.email = f"shopper-{number}@shop-mail.de"
        self.cart = 4_000 + number
        self.order = 5_000_000 + number

    def ms(self, second: int) -> int:
        return self.start + second * 1_000

    def iso(self, second: int) -> str:
        return written(self.ms(second))

    def story(self) -> str:
        return f"{'member' if self.member else 'guest'} {self.ends}"

    def persons(self) -> list[str]:
        """The names that the shopper may have as a person."""
        return [f"customer:{self.customer}", f"email:{key_of('email', self.email)}"]

    def day(self) -> Iterator[Told]:
        yield from self.views(0)
        yield from self.adds(60)
        if self.member:
            yield from self.signs_in(90)
        if self.ends != "empties":
            yield from self.checks_out(150)
        yield from ENDS[self.ends](self)

    def views(self, second: int) -> Scene:
        raise NotImplementedError

    def adds(self, second: int) -> Scene:
        raise NotImplementedError

    def removes(self, second: int) -> Scene:
        raise NotImplementedError

    def checks_out(self, second: int) -> Scene:
        raise NotImplementedError

    def thanks(self, second: int, order: str) -> Scene:
        """The page after the order."""
        raise NotImplementedError

    def is_paid(self, second: int) -> Scene:
        raise NotImplementedError

    def is_refunded(self, second: int) -> Scene:
        raise NotImplementedError

    def signs_in(self, second: int) -> Scene:
        return ()

    def is_unpaid(self, second: int) -> Scene:
        """The order waits for its payment."""
        return ()

    def fails(self, second: int) -> Scene:
        return ()

    def withdraws(self, second: int) -> Scene:
        """The shopper wants no more e-mail."""
        return ()


def leaves(it: Shopper) -> Scene:
    yield from it.is_unpaid(240)


def page_reports_the_order(it: Shopper) -> Scene:
    yield from it.thanks(300, str(it.order))


def server_reports_the_order(it: Shopper) -> Scene:
    yield from it.is_unpaid(240)
    yield from it.is_paid(300)


def buys(it: Shopper) -> Scene:
    yield from server_reports_the_order(it)
    yield from it.thanks(303, str(it.order))


def buys_under_two_ids(it: Shopper) -> Scene:
    yield from server_reports_the_order(it)
    yield from it.thanks(303, f"#{1_000 + it.number}")


def gets_the_money_back(it: Shopper) -> Scene:
    yield from buys(it)
    yield from it.is_refunded(900)


def buys_and_leaves_another_cart(it: Shopper) -> Scene:
    yield from buys(it)
    it.cart += 500
    it.order += 500
    yield from it.adds(3_000)
    yield from it.checks_out(3_100)
    yield from it.is_unpaid(3_190)


def empties_the_cart(it: Shopper) -> Scene:
    yield from it.removes(400)


def buys_on_a_second_device(it: Shopper) -> Scene:
    it.visitor += "7"
    it.cart += 500
    yield from it.views(3_600)
    if it.member:
        yield from it.signs_in(3_620)
    yield from it.adds(3_640)
    yield from it.checks_out(3_700)
    yield from it.is_unpaid(3_790)
    yield from it.is_paid(3_850)
    yield from it.thanks(3_853, str(it.order))


def pays_an_hour_later(it: Shopper) -> Scene:
    yield from it.is_unpaid(240)
    yield from it.is_paid(3_840)


def fails_to_pay(it: Shopper) -> Scene:
    yield from it.is_unpaid(240)
    yield from it.fails(270)


def pays_at_the_second_try(it: Shopper) -> Scene:
    yield from fails_to_pay(it)
    yield from it.is_paid(1_500)


def withdraws_consent(it: Shopper) -> Scene:
    yield from leaves(it)
    yield from it.withdraws(600)


ENDS: Final[Mapping[str, Callable[[Shopper], Scene]]] = {
    "leaves": leaves,
    "buys, says the page": page_reports_the_order,
    "buys, says the server": server_reports_the_order,
    "buys": buys,
    "buys under two ids": buys_under_two_ids,
    "gets the money back": gets_the_money_back,
    "buys and leaves another cart": buys_and_leaves_another_cart,
    "empties": empties_the_cart,
    "buys on a second device": buys_on_a_second_device,
    "pays an hour later": pays_an_hour_later,
    "fails to pay": fails_to_pay,
    "pays at the second try": pays_at_the_second_try,
    "withdraws consent": withdraws_consent,
}


def written(at: int) -> str:
    return datetime.fromtimestamp(at / 1_000, UTC).isoformat()


def shoppers(pair: type[Shopper]) -> list[Shopper]:
    """A guest and a member for each ending."""
    ends = [(name, member) for member in (False, True) for name in ENDS if name not in pair.WITHOUT]
    return [pair(number, *each) for number, each in enumerate(ends)]


def day(several: Iterable[Shopper]) -> list[Told]:
    """The requests by event time."""
    return sorted((told for one in several for told in one.day()), key=lambda each: each.t)


def of_persons(several: Iterable[Shopper]) -> dict[str, str]:
    """The story of each person."""
    return {person: one.story() for one in several for person in one.persons()}
