"""A schema registry with Confluent's HTTP interface. A schema never changes, so it is fetched once.

Records whose schema does not exist become dead letters. While the registry does not answer, records wait.
"""

import asyncio
import json
import logging
import time
from typing import Any, Final
from urllib.parse import quote

import aiohttp
from yarl import URL

from agents.bridge.values import Read, Undecodable, avro
from agents.runtime.log import say

log = logging.getLogger("triggers.bridge")

ANSWER_S: Final = 5.0
PAUSE_S: Final = 0.5
LONGEST_PAUSE_S: Final = 10.0
"""First and longest pause (s) between two attempts while the registry does not answer."""

AGAIN_S: Final = 60.0
"""Seconds for which a missing schema counts as missing. Shorter: a topic with such records causes a request for each."""

DEEPEST: Final = 32
"""Largest depth of references between schemas."""

ACCEPT: Final = "application/vnd.schemaregistry.v1+json, application/json"


class SchemaRegistry:
    """The registry. `up`: whether it answered the last request · `url` None: there is no registry."""

    def __init__(self, url: str | None) -> None:
        self._url = None if url is None else URL(url)
        self._session: aiohttp.ClientSession | None = None
        self._known: dict[str, Read] = {}
        self._missing: dict[str, tuple[float, str]] = {}
        self.up = True

    async def stop(self) -> None:
        if self._session is not None:
            await self._session.close()

    def known(self, address: str) -> Read | None:
        """The reader of a schema that was fetched before, else None."""
        return self._known.get(address)

    async def reader(self, address: str) -> Read:
        """The reader of a schema. Waits for the registry. Raises Undecodable."""
        if self._url is None:
            raise Undecodable("no_schema_registry")
        since, why = self._missing.get(address, (0.0, ""))
        if why and time.monotonic() - since < AGAIN_S:
            raise Undecodable(why)
        try:
            self._known[address] = await self._made(address)
        except Undecodable as error:
            self._missing[address] = time.monotonic(), str(error)
            say(log, "no_schema", logging.WARNING, schema=address, reason=error)
            raise
        self._missing.pop(address, None)
        return self._known[address]

    async def _made(self, address: str) -> Read:
        found = await self._answer(f"schemas/{address}")
        kind = found.get("schemaType", "AVRO")
        if kind == "JSON":
            return _json
        if kind != "AVRO":
            raise Undecodable("unknown_format")
        named: dict[str, Any] = {}
        await self._load(found, named, DEEPEST)
        return avro(_schema(found), named)

    async def _load(self, found: dict[str, Any], named: dict[str, Any], depth: int) -> None:
        """Adds the schemas that a schema refers to, to `named`, dependencies first."""
        if not depth:
            raise Undecodable("unknown_schema")
        for path in _references(found):
            other = await self._answer(path)
            await self._load(other, named, depth - 1)
            avro(_schema(other), named)

    async def _answer(self, path: str) -> dict[str, Any]:
        """The registry's answer. Waits for it. Raises Undecodable if the registry lacks the schema."""
        pause = PAUSE_S
        while True:
            try:
                status, body = await self._get(path)
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                status, body = type(error).__name__, b""
            if status in (200, 404):
                self.up = True
                return _document(body) if status == 200 else _missing()
            self.up = False
            say(log, "registry_waits", logging.WARNING, answer=status, retry_s=pause)
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_S)

    async def _get(self, path: str) -> tuple[int | str, bytes]:
        assert self._url is not None
        if self._session is None:
            limit = aiohttp.ClientTimeout(ANSWER_S)
            self._session = aiohttp.ClientSession(timeout=limit, headers={"Accept": ACCEPT})
        url = self._url.joinpath(*path.split("/"), encoded=True)
        async with self._session.get(url, allow_redirects=False) as answer:
            return answer.status, await answer.read()


def _references(found: dict[str, Any]) -> list[str]:
    """The paths of the schemas that a schema refers to. A subject may contain a slash."""
    try:
        return [
            f"subjects/{quote(each['subject'], safe='')}/versions/{int(each['version'])}"
            for each in found.get("references") or ()
        ]
    except (LookupError, TypeError, ValueError):
        raise Undecodable("unknown_schema") from None


def _missing() -> dict[str, Any]:
    raise Undecodable("unknown_schema")


def _document(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    if not isinstance(found, dict) or not isinstance(found.get("schema"), str):
        raise Undecodable("unknown_schema")
    return found


def _schema(found: dict[str, Any]) -> Any:
    """The schema as JSON. For a primitive type it may be just its name."""
    try:
        return json.loads(found["schema"])
    except ValueError:
        return found["schema"]


def _json(payload: bytes) -> bytes:
    return payload
