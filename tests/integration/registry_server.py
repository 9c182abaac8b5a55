"""A schema registry for tests: the part of Confluent's HTTP interface that readers use."""

import asyncio
import json
import threading
import uuid
from typing import Any

from aiohttp import web


class RegistryServer:
    """`asked`: the paths that were asked for. `down`: it answers 503."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.down = False
        self._answers: dict[str, dict[str, Any]] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.url = asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(20)

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(20)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def register(
        self, id: int, schema: Any, kind: str | None = None, references: tuple[str, ...] = ()
    ) -> uuid.UUID:
        """Registers a schema under its number and a guid, which it returns. `references`: subjects."""
        answer: dict[str, Any] = {"schema": json.dumps(schema)}
        if kind:
            answer["schemaType"] = kind
        if references:
            answer["references"] = [
                {"name": each, "subject": each, "version": 1} for each in references
            ]
        guid = uuid.uuid4()
        self._answers |= {f"/schemas/ids/{id}": answer, f"/schemas/guids/{guid}": answer}
        return guid

    def subject(self, name: str, schema: Any) -> None:
        self._answers[f"/subjects/{name}/versions/1"] = {"schema": json.dumps(schema)}

    async def _start(self) -> str:
        site = web.Application()
        site.router.add_get("/{path:.*}", self._answer)
        self._runner = web.AppRunner(site, access_log=None)
        await self._runner.setup()
        listener = web.TCPSite(self._runner, "127.0.0.1", 0)
        await listener.start()
        _, port = self._runner.addresses[0][:2]
        return f"http://reader:secret@127.0.0.1:{port}"

    async def _answer(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        if self.down:
            return web.Response(status=503)
        if not request.headers.get("Authorization", "").startswith("Basic "):
            return web.json_response({"error_code": 40101}, status=401)
        found = self._answers.get(request.path)
        status = 404 if found is None else 200
        return web.json_response(found or {"error_code": 40403}, status=status)
