"""Seeded names: ids as numbers, names of nobody, keys of identity, and the people of one log."""

import random
from dataclasses import dataclass
from typing import Any

from tests.reference.reading import NOBODY

ODD = ("ü", "日本", "\U0001f600", "a|b", "guest 1", "0 0", "\ufb03", "v" * 128, "event:7", "7")
"""Odd names that still name somebody."""
TEMPLATES = (
    "{{id}}",
    "a${x}",
    "%%ID%%",
    "user/undefined",
    "u/null",
    "[object Object]",
    "[Object x",
    *("event:null", "event:", "EVENT:{{x}}", "event:event:0", "\u00a0", "\u2003Guest"),
)
PSEUDO_OF_NO_FORM = ("~", "~cart", "~cart:", "~~cart:k", "~order:o1", "~cart:null", "~email:short")
RAW_ADDRESSES = ("anna@example.com", "+49 30 123456", "short", "x" * 129)


def nobody(pick: random.Random) -> str:
    """A name of nobody, in a random spelling."""
    if pick.random() < 0.3:
        return pick.choice(TEMPLATES)
    name = pick.choice(sorted(NOBODY - {""}))
    spelled = pick.choice((name, name.upper(), name.title(), name.swapcase()))
    return pick.choice((spelled, f" {spelled}", f"{spelled}\t", f"\n{spelled}  ", spelled))


def as_number(pick: random.Random, name: str) -> Any:
    """A numeric name as shops write it: text, integer, or 7.0."""
    if not name.isdecimal() or not name.isascii():
        return name
    return pick.choice((name, int(name), float(name) if int(name) < 10**15 else int(name)))


@dataclass
class Cast:
    """The people and ids of one log; few of each, so that they repeat."""

    pick: random.Random
    visitors: list[str]
    customers: list[str]
    carts: tuple[str, ...]
    emails: list[str]
    phones: list[str]
    checkouts: tuple[str, ...] = ("x1", "x2")

    def keys(self, rate: float = 0.4) -> dict[str, Any]:
        """An event's `keys`; some are unreadable or name nobody."""
        pick, keys = self.pick, {}
        choices = {"checkout": self.checkouts, "email": self.emails, "phone": self.phones}
        for name, some in {"cart": self.carts, **choices}.items():
            if some and pick.random() < rate:
                keys[name] = as_number(pick, pick.choice(some))
            if pick.random() < 0.02:
                keys[name] = pick.choice((None, nobody(pick), pick.choice(RAW_ADDRESSES), 7, []))
        return keys

    def pseudo(self) -> str:
        """The given name of a pseudo-visitor."""
        pick = self.pick
        names = [f"~customer:{pick.choice(self.customers)}", f"~email:{pick.choice(self.emails)}"]
        names += [f"~phone:{pick.choice(self.phones)}", f"~checkout:{pick.choice(self.checkouts)}"]
        if self.carts:
            names += [f"~cart:{pick.choice(self.carts)}"] * 3
        return pick.choice(PSEUDO_OF_NO_FORM) if pick.random() < 0.1 else pick.choice(names)

    def owner(self) -> dict[str, Any]:
        """The owner of an event without a readable visitor."""
        pick, event = self.pick, dict[str, Any]()
        kind = pick.random()
        if kind < 0.35:
            event["visitor"] = self.pseudo()
        elif kind < 0.5:
            event["visitor"] = pick.choice((None, nobody(pick), [], True, "v" * 129))
        if pick.random() < 0.75:
            event["keys"] = self.keys()
        if pick.random() < 0.3:
            event["customer"] = as_number(pick, pick.choice(self.customers))
        return event


def cast(pick: random.Random) -> Cast:
    """The cast of one log."""
    count = pick.choice((1, 2, 2, 3, 3, 4, 6, 12))
    visitors = [f"{pick.choice('avz')}{n}" for n in range(count)]
    if pick.random() < 0.3:
        visitors[0] = pick.choice(ODD)
    customers = [f"c{n}" for n in range(1, pick.choice((1, 1, 2, 3, 4)) + 1)]
    if pick.random() < 0.1:
        customers = [str(n) for n in range(7, 7 + len(customers))]
    some: tuple[tuple[str, ...], ...] = (("k",), ("k", "m"), ("k", "m", "n"), (), ("ü", "k"))
    carts = pick.choice((*some, ("k", "m", visitors[0]), ("77", "k"), ("k" * 128, "k")))
    emails = ["e" * 16, "E-mail_of_more_than_one"][: pick.choice((1, 2))]
    phones = ["4" * 16, "phone-number-of-2"][: pick.choice((1, 2))]
    return Cast(pick, visitors, customers, carts, emails, phones)
