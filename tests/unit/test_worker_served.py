"""A worker's probes and metrics over HTTP, and the memory that it keeps."""

import asyncio
import ctypes
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest

from agents.config.settings import Settings
from agents.local.ports import free
from agents.worker import health, malloc
from agents.worker.health import Health
from agents.worker.metrics import Metrics
from stream import recipes_file
from stream.recipes.history import Document, History


def test_the_probes_say_what_is_missing_and_metrics_are_collected_at_a_scrape() -> None:
    async def test() -> None:
        (port,), metrics, found = free(1), Metrics(), Health()
        settings = Settings(kafka=("localhost:1",), metrics=("127.0.0.1", port))
        await health.serve(settings, found, metrics)
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session:
            answers = {}
            for path in ("/live", "/ready", "/metrics"):
                async with session.get(path) as answer:
                    answers[path] = answer.status, await answer.text()
        assert answers["/live"] == (200, "ok\n")
        status, text = answers["/ready"]
        assert status == 503
        assert text.splitlines()[0].startswith("no assignment yet")
        assert "triggers_recipes_offset" in answers["/metrics"][1]

    asyncio.run(test())


def test_an_address_that_is_in_use_is_named_with_the_fix() -> None:
    async def test() -> None:
        settings = Settings(kafka=("localhost:1",), metrics=("127.0.0.1", free(1)[0]))
        await health.serve(settings, Health(), Metrics())
        with pytest.raises(OSError, match="its own address") as caught:
            await health.serve(settings, Health(), Metrics())
        assert str(settings.metrics and settings.metrics[1]) in str(caught.value)

    asyncio.run(test())


def test_without_an_address_nothing_is_served() -> None:
    settings = Settings(kafka=("localhost:1",), metrics=None)
    asyncio.run(health.serve(settings, Health(), Metrics()))


def test_metrics_of_a_recipe_that_no_document_names_vanish() -> None:
    metrics = Metrics(["gone"])
    history = History(recipes_file.DEFAULT)
    follower: Any = SimpleNamespace(
        history=history, offset_at={}, end=7, position=4, refused=True, missing=("a", "b")
    )
    metrics.recipes.name({"gone", *recipes_file.DEFAULT.names})
    labels = {"recipe": "gone", "kind": "fired"}
    value = metrics.registry.get_sample_value
    assert value("triggers_published_total", labels) == 0
    assert value("triggers_shadow_published_total", labels) == 0
    metrics.set_broker_time(0)
    metrics.recipes.collect(follower)
    assert value("triggers_published_total", labels) is None
    assert value("triggers_shadow_published_total", labels) is None
    assert value("triggers_outcomes_total", {"recipe": "gone", "group": "treated"}) is None
    assert value("triggers_published_total", labels | {"recipe": "cart-abandonment"}) == 0
    found = [
        value(f"triggers_{name}")
        for name in ("recipes_unread_records", "recipes_refused", "recipes_topics_missing")
    ]
    assert found == [3, 1, 2]


@pytest.mark.parametrize(("seconds", "shown"), [(295, 0), (300, None)])
def test_metrics_of_a_recipe_vanish_five_minutes_after_its_document(
    seconds: int, shown: int | None
) -> None:
    metrics, since = Metrics(["gone"]), 1_000_000
    gone = recipes_file.parse({"recipes": [{"name": "gone", "kind": "exit-intent"}]})
    history: Any = History(gone, [Document(recipes_file.DEFAULT, since)])
    follower: Any = SimpleNamespace(
        history=history, offset_at={}, end=0, position=0, refused=False, missing=()
    )
    metrics.recipes.name(recipes_file.DEFAULT.names)
    metrics.set_broker_time(since + seconds * 1_000)
    metrics.recipes.collect(follower)
    value = metrics.registry.get_sample_value
    assert value("triggers_published_total", {"recipe": "gone", "kind": "fired"}) == shown


def test_freed_memory_is_kept_up_to_a_bound_and_given_back_after_a_restore(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    called: list[tuple[str, tuple[int, ...]]] = []

    class Libc:
        def __getattr__(self, name: str) -> Any:
            if name == "malloc_trim":
                raise AttributeError
            return lambda *given: called.append((name, given))

    monkeypatch.setattr(ctypes, "CDLL", lambda name: Libc())
    monkeypatch.setattr(malloc, "ARENAS", None)
    malloc.keep()
    malloc.trim()
    half = malloc.KEPT // 2
    assert called == [("mallopt", (-3, half)), ("mallopt", (-1, malloc.KEPT))]


def test_after_a_restore_all_free_memory_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[int] = []
    libc = SimpleNamespace(malloc_trim=called.append)
    monkeypatch.setattr(ctypes, "CDLL", lambda name: libc)
    monkeypatch.setattr(malloc, "ARENAS", None)
    malloc.trim()
    assert called == [0], "bytes to keep"
