"""A request as the faces read it, and a reply."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from msgspec import Struct

JSON: Final = "application/json"
NOTHING: Final[Mapping[str, str]] = {}


class Post(Struct):
    """A request. `path`: without the source's own address · `headers`: with lower-case names · `raw`: the body as
    received · `body`: the decompressed body."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    raw: bytes = b""
    body: bytes = b""

    @property
    def content_type(self) -> str:
        """The media type in lower case, without its parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


class Reply(NamedTuple):
    status: int
    body: bytes = b""
    content_type: str | None = None
    headers: Mapping[str, str] = NOTHING
