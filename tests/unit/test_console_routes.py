"""The recipes page and the sources page over HTTP, while no broker answers."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp.test_utils import TestClient, TestServer

from agents.config.settings import Settings
from agents.console import publish_key
from agents.console.app import PageSettings, make_app
from agents.console.recipe_documents import DEFAULT_TEXT, initial_documents

KEY = "correct horse battery staple"
DRAFT = "recipes:\n  - name: cart-abandonment\n    steps: [2h]\n"
Client = TestClient[Any, Any]
NOBODY = Settings(kafka=("127.0.0.1:9",))


def visited(test: Callable[[Client], Awaitable[None]], page: PageSettings) -> None:
    async def run() -> None:
        app = make_app(NOBODY, initial_documents(NOBODY), page)
        async with TestClient(TestServer(app)) as client:
            await test(client)

    asyncio.run(run())


async def post(client: Client, path: str, given: Any, **headers: str) -> tuple[int, Any]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with client.post(path, json=given, headers=named) as answer:
        return answer.status, await answer.json(content_type=None)


def test_recipes_in_force_and_changes_of_a_draft_need_no_broker() -> None:
    async def test(client: Client) -> None:
        async with client.get("/api/recipes") as answer:
            found = await answer.json()
        assert (found["current"], found["newest"], found["may_publish"]) == (0, 0, False)
        assert found["text"] == DEFAULT_TEXT
        status, checked = await post(client, "/api/recipes/check", {"text": DRAFT})
        assert (status, checked["faults"]) == (200, [])
        assert checked["changes"]
        _, wrong = await post(client, "/api/recipes/check", {"text": "recipes: 1"})
        assert ([each["line"] for each in wrong["faults"]], wrong["changes"]) == ([1], [])

    visited(test, PageSettings())


def test_a_wrong_key_cannot_publish(monkeypatch: Any) -> None:
    monkeypatch.setattr(publish_key, "PENALTY_S", 0.01)
    given = {"text": DRAFT, "newest": 0}

    async def closed(client: Client) -> None:
        status, said = await post(client, "/api/recipes/publish", given, Triggers_Publish_Key=KEY)
        assert (status, publish_key.SETTING in said["fault"]) == (403, True)

    async def wrong(client: Client) -> None:
        status, said = await post(client, "/api/recipes/publish", given, Triggers_Publish_Key="no")
        assert (status, said["field"]) == (403, "key")

    visited(closed, PageSettings())
    visited(wrong, PageSettings(KEY))


def test_nothing_is_published_while_no_broker_answers() -> None:
    async def test(client: Client) -> None:
        for more, status in (
            ({}, 503),
            ({"text": 1}, 400),
            ({"newest": "1"}, 400),
        ):
            given = {"text": DRAFT, "newest": 0} | more
            async with client.post(
                "/api/recipes/publish", json=given, headers={publish_key.KEY_HEADER: KEY}
            ) as answer:
                assert answer.status == status, more
        headers = {publish_key.KEY_HEADER: KEY, "Content-Type": "text/plain"}
        async with client.post("/api/recipes/publish", data=DRAFT, headers=headers) as answer:
            assert answer.status == 415

    visited(test, PageSettings(KEY))


def test_a_trial_without_a_broker_fails_and_can_be_ended() -> None:
    async def test(client: Client) -> None:
        wrong = await post(client, "/api/recipes/trial", {"text": DRAFT, "hours": 5})
        assert wrong[0] == 400
        status, begun = await post(client, "/api/recipes/trial", {"text": DRAFT, "hours": 6})
        assert (status, begun["state"], begun["steps"]) == (202, "running", 4)
        place = f"/api/recipes/trial/{begun['id']}"
        assert (await client.get(f"{place}/report")).status == 404
        assert (await client.delete(place)).status == 200
        assert (await client.get(place)).status == 404

    visited(test, PageSettings())


def test_the_lift_of_recipes_needs_a_broker() -> None:
    async def test(client: Client) -> None:
        assert (await client.get("/api/lift?days=7")).status == 503
        assert (await client.get("/api/lift/page?days=7")).status == 503
        assert (await client.get("/api/lift?days=1")).status == 400

    visited(test, PageSettings())


def test_the_consoles_own_collector_is_a_source() -> None:
    async def test(client: Client) -> None:
        wrong = {"id": "1", "type": "page.viewed"}
        assert (await post(client, "/collect", wrong))[0] == 400
        async with client.get("/api/sources") as answer:
            found = await answer.json()
        assert (found["collectors"], found["may_look"], found["faults"]) == (0, False, [])
        (own,) = [each for each in found["sources"] if each["source"] == "collect"]
        assert own["posts"] == {"400": 1}
        assert own["refused"] == [["page.viewed", "missing", 1]]
        assert (await client.get("/api/sources/collect/requests")).status == 403

    visited(test, PageSettings())


def test_every_file_that_the_page_loads_exists() -> None:
    async def test(client: Client) -> None:
        page = await (await client.get("/")).text()
        for name in ("recipes.css", "main.js", "recipes.js", "editor.js", "trial.js", "sources.js", "post.js"):  # fmt: skip
            assert (await client.get(f"/static/{name}")).status == 200
        assert 'id="recipes-page"' in page

    visited(test, PageSettings())
