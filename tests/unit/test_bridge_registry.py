"""A schema registry in this process: cached schemas, outages, missing schemas. Source: docs/bridge.md."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from agents.bridge import schema_registry
from agents.bridge.schema_registry import SchemaRegistry
from agents.bridge.values import Undecodable

RECORD = json.dumps({"type": "record", "name": "R", "fields": [{"name": "a", "type": "long"}]})
ONE = b"\x02"


class Server:
    """`answers`: a body by path; a path without one is 404. `fails`: the statuses that come first."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}
        self.fails: list[int] = []
        self.asked: list[str] = []

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        if self.fails:
            return web.Response(status=self.fails.pop(0))
        found = self.answers.get(request.path) or self.answers.get(request.raw_path)
        if found is None:
            return web.Response(status=404)
        return web.Response(text=found if isinstance(found, str) else json.dumps(found))


def play(test: Callable[[Server, SchemaRegistry], Awaitable[None]]) -> None:
    async def whole() -> None:
        server, app = Server(), web.Application()
        app.router.add_get("/{path:.*}", server.answer)
        async with TestServer(app) as running:
            registry = SchemaRegistry(str(running.make_url("/base")))
            try:
                await asyncio.wait_for(test(server, registry), 10)
            finally:
                await registry.stop()

    asyncio.run(whole())


def test_a_schema_is_fetched_once_and_then_known() -> None:
    async def test(server: Server, registry: SchemaRegistry) -> None:
        server.answers["/base/schemas/ids/7"] = {"schema": RECORD}
        assert registry.known("ids/7") is None
        read = await registry.reader("ids/7")
        assert read(ONE) == {"a": 1}
        assert registry.known("ids/7") is read
        assert server.asked == ["/base/schemas/ids/7"]

    play(test)


def test_a_json_schema_keeps_the_value_and_others_are_unknown() -> None:
    async def test(server: Server, registry: SchemaRegistry) -> None:
        server.answers["/base/schemas/ids/1"] = {"schema": "{}", "schemaType": "JSON"}
        server.answers["/base/schemas/ids/2"] = {"schema": "x", "schemaType": "PROTOBUF"}
        assert (await registry.reader("ids/1"))(b'{"a":1}') == b'{"a":1}'
        with pytest.raises(Undecodable, match="unknown_format"):
            await registry.reader("ids/2")

    play(test)


def test_a_plain_type_may_be_a_bare_name() -> None:
    async def test(server: Server, registry: SchemaRegistry) -> None:
        server.answers["/base/schemas/ids/1"] = {"schema": "long"}
        assert (await registry.reader("ids/1"))(ONE) == 1

    play(test)


def test_schemas_that_a_schema_refers_to_are_fetched_before_it() -> None:
    async def test(server: Server, registry: SchemaRegistry) -> None:
        outer = {"type": "record", "name": "O", "fields": [{"name": "r", "type": "R"}]}
        reference = {"name": "R", "subject": "r-value", "version": 3}
        server.answers["/base/schemas/ids/7"] = {
            "schema": json.dumps(outer),
            "references": [reference],
        }
        server.answers["/base/subjects/r-value/versions/3"] = {"schema": RECORD}
        assert (await registry.reader("ids/7"))(ONE) == {"r": {"a": 1}}

    play(test)


def test_a_subject_may_contain_a_slash() -> None:
    async def test(server: Server, registry: SchemaRegistry) -> None:
        reference = {"name": "R", "subject": "shop/r 1", "version": 3}
        server.answers["/base/schemas/ids/7"] = {"schema": '"R"', "references": [reference]}
        server.answers["/base/subjects/shop%2Fr%201/versions/3"] = {"schema": RECORD}
        assert (await registry.reader("ids/7"))(ONE) == {"a": 1}

    play(test)


@pytest.mark.parametrize("references", ["R", 7, [None], [{"subject": "r"}], [{"version": 1}]])
def test_a_schema_with_unreadable_references_is_unknown(references: Any) -> None:
    async def test(server: Server, registry: SchemaRegistry) -> None:
        server.answers["/base/schemas/ids/7"] = {"schema": RECORD, "references": references}
        with pytest.raises(Undecodable, match="unknown_schema"):
            await registry.reader("ids/7")

    play(test)


@pytest.mark.parametrize(
    ("schema", "value"), [('["R", "S"]', b"\0\x02"), ('"R"', b"\x02")], ids=["union", "name"]
)
def test_a_schema_may_be_just_names_of_others(schema: str, value: bytes) -> None:
    """Confluent's way to several types in one topic is a union of references."""

    async def test(server: Server, registry: SchemaRegistry) -> None:
        names = "RS"
        server.answers["/base/schemas/ids/7"] = {
            "schema": schema,
            "references": [{"name": n, "subject": n, "version": 1} for n in names],
        }
        for name in names:
            other = RECORD.replace('"R"', f'"{name}"')
            server.answers[f"/base/subjects/{name}/versions/1"] = {"schema": other}
        assert (await registry.reader("ids/7"))(value) == {"a": 1}

    play(test)


def test_two_schemas_may_refer_to_the_same_third() -> None:
    async def test(server: Server, registry: SchemaRegistry) -> None:
        def record(name: str, *types: str) -> str:
            fields = [{"name": each.lower(), "type": each} for each in types]
            return json.dumps({"type": "record", "name": name, "fields": fields})

        def refer(*names: str) -> list[dict[str, Any]]:
            return [{"name": name, "subject": name, "version": 1} for name in names]

        third = refer("R")
        server.answers |= {
            "/base/schemas/ids/7": {"schema": record("O", "P", "Q"), "references": refer(*"PQ")},
            "/base/subjects/P/versions/1": {"schema": record("P", "R"), "references": third},
            "/base/subjects/Q/versions/1": {"schema": record("Q", "R"), "references": third},
            "/base/subjects/R/versions/1": {"schema": RECORD},
        }
        read = (await registry.reader("ids/7"))(ONE + b"\x04")
        assert read == {"p": {"r": {"a": 1}}, "q": {"r": {"a": 2}}}

    play(test)


def test_schemas_that_refer_to_each_other_for_ever_are_unknown() -> None:
    async def test(server: Server, registry: SchemaRegistry) -> None:
        itself = {
            "schema": RECORD,
            "references": [{"name": "R", "subject": "r", "version": 1}],
        }
        server.answers["/base/schemas/ids/7"] = itself
        server.answers["/base/subjects/r/versions/1"] = itself
        with pytest.raises(Undecodable, match="unknown_schema"):
            await registry.reader("ids/7")
        assert len(server.asked) == 33

    play(test)


@pytest.mark.parametrize(("deep", "known"), [(31, True), (32, False)])
def test_a_schema_has_less_than_32_schemas_below_one_another(deep: int, known: bool) -> None:
    async def test(server: Server, registry: SchemaRegistry) -> None:
        def schema(number: int) -> dict[str, Any]:
            text = RECORD.replace('"R"', f'"R{number}"')
            below = {"name": f"R{number + 1}", "subject": f"s{number + 1}", "version": 1}
            return {"schema": text, "references": [below] * (number < deep)}

        server.answers["/base/schemas/ids/7"] = schema(0)
        for number in range(1, deep + 1):
            server.answers[f"/base/subjects/s{number}/versions/1"] = schema(number)
        if known:
            assert (await registry.reader("ids/7"))(ONE) == {"a": 1}
        else:
            with pytest.raises(Undecodable, match="unknown_schema"):
                await registry.reader("ids/7")

    play(test)


@pytest.mark.parametrize("body", [None, "no JSON", [], {"schema": 5}])
def test_a_missing_or_unknown_schema_is_requested_again_after_a_minute(
    body: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1_000.0]
    monkeypatch.setattr(schema_registry, "time", SimpleNamespace(monotonic=lambda: now[0]))

    async def test(server: Server, registry: SchemaRegistry) -> None:
        server.answers["/base/schemas/ids/7"] = body
        for after in (0, 59.9):
            now[0] = 1_000 + after
            with pytest.raises(Undecodable, match="unknown_schema"):
                await registry.reader("ids/7")
        assert len(server.asked) == 1
        assert registry.up
        server.answers["/base/schemas/ids/7"] = {"schema": RECORD}
        now[0] = 1_060
        await registry.reader("ids/7")
        assert registry._missing == {}

    play(test)


def test_while_the_registry_does_not_answer_a_record_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(schema_registry, "PAUSE_S", 0.001)
    monkeypatch.setattr(schema_registry, "LONGEST_PAUSE_S", 0.003)
    pauses: list[float] = []
    ups: list[bool] = []

    async def test(server: Server, registry: SchemaRegistry) -> None:
        async def sleep(seconds: float) -> None:
            pauses.append(seconds)
            ups.append(registry.up)

        monkeypatch.setattr(asyncio, "sleep", sleep)
        server.answers["/base/schemas/ids/7"] = {"schema": RECORD}
        server.fails = [503, 401, 500, 302]
        await registry.reader("ids/7")
        assert pauses == [0.001, 0.002, 0.003, 0.003]
        assert ups == [False] * 4
        assert registry.up

    play(test)


def test_without_a_registry_no_schema_is_known() -> None:
    async def test() -> None:
        registry = SchemaRegistry(None)
        with pytest.raises(Undecodable, match="no_schema_registry"):
            await registry.reader("ids/7")
        await registry.stop()

    asyncio.run(test())
