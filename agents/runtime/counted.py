"""Writes a number of things: `1 recipe`, `2 recipes`."""


def counted(number: int, noun: str) -> str:
    """The number and the noun. `noun`: of one thing; an s makes it many."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
