"""The names of a person to be erased, and where a document mentions them. Pure."""

from collections.abc import Iterator
from typing import Any, Final, Self

from msgspec import Struct, field

from stream.stages.announce_claims import key_and_person

ADDRESSES: Final = ("email", "phone")


class ErasedNames(Struct):
    """The names. `customers`, `visitors`: ids · `keys`: keys of identity, such as `email:…`. Each set only grows."""

    customers: set[str] = field(default_factory=set)
    visitors: set[str] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)

    def copy(self) -> Self:
        return type(self)(set(self.customers), set(self.visitors), set(self.keys))

    @property
    def people(self) -> set[str]:
        """The names as persons, such as `customer:4711`."""
        addresses = {key for key in self.keys if key.partition(":")[0] in ADDRESSES}
        customers = {f"customer:{id}" for id in self.customers}
        return customers | {f"visitor:{id}" for id in self.visitors} | addresses

    @property
    def names(self) -> set[str]:
        """Every text that names the person."""
        ids = {key.partition(":")[2] for key in self.keys if key.partition(":")[0] in ADDRESSES}
        pseudo = {f"~{key}" for key in self.keys} | {f"~customer:{id}" for id in self.customers}
        return self.customers | self.visitors | self.keys | self.people | ids | pseudo

    def needles(self) -> list[bytes]:
        """Byte strings. Bytes that contain none of them mention no name."""
        ids = self.customers | self.visitors | {key.partition(":")[2] for key in self.keys}
        return [id.encode() for id in ids]

    def is_named(self, text: str) -> bool:
        """Whether a text is one of the names, ends with one behind a `|`, or is a pair (key, person) with one of them."""
        names = self.names
        if text in names:
            return True
        if "|" not in text:
            return False
        if text.partition("|")[2] in names:
            return True
        try:
            return not names.isdisjoint(key_and_person(text))
        except ValueError:
            return False

    def is_mentioned(self, document: Any) -> bool:
        return any(map(self.is_named, _texts(document)))


def _texts(document: Any) -> Iterator[str]:
    """All texts of a document, with the names of its fields."""
    if isinstance(document, str):
        yield document
    elif isinstance(document, dict):
        for name, value in document.items():
            yield from _texts(name)
            yield from _texts(value)
    elif isinstance(document, list):
        for each in document:
            yield from _texts(each)
