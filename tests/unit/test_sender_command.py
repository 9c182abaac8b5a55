"""The recipes that a sender reads, and how its process ends."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from agents.commands.sender import _recipes
from agents.config.settings import Settings, SettingsError
from agents.sender.settings import SenderSettings

HOME = Path(__file__).parents[2]
SETTINGS = SenderSettings(
    common=Settings(kafka=("localhost:1",), prefix="p."),
    url="http://localhost",
    secrets=(),
    idempotency=Path("unused"),
    group="g",
)


def test_without_a_choice_a_sender_reads_the_topics_of_all_recipes() -> None:
    found = _recipes(SETTINGS)
    assert len(found) > 3
    assert found["p.triggers.cart-abandonment"] == "cart-abandonment"


def test_a_sender_reads_the_topics_of_the_recipes_that_it_names_and_no_others() -> None:
    chosen = ("exit-intent", "cart-abandonment")
    assert _recipes(replace(SETTINGS, recipes=chosen)) == {
        "p.triggers.exit-intent": "exit-intent",
        "p.triggers.cart-abandonment": "cart-abandonment",
    }


def test_an_unknown_recipe_is_named() -> None:
    with pytest.raises(SettingsError, match=r"expected names of recipes, got cart-abandon$"):
        _recipes(replace(SETTINGS, recipes=("exit-intent", "cart-abandon")))


STUCK = """
import asyncio, threading, time
from agents.commands import sender

class Stuck:
    def __init__(self, *given): ...
    async def run(self, stop, address):
        threading.Thread(target=time.sleep, args=(60,)).start()
        {outcome}

sender.Sender = Stuck
asyncio.run(sender.work(None, {{}}, None))
"""


@pytest.mark.parametrize(("outcome", "status"), [("return", 0), ("raise OSError('gone')", 1)])
def test_a_thread_that_is_stuck_does_not_keep_the_process(outcome: str, status: int) -> None:
    """A client's thread may wait for a broker for long; a supervisor waits 10 s."""
    code = STUCK.format(outcome=outcome)
    ended = subprocess.run([sys.executable, "-c", code], cwd=HOME, timeout=30, check=False)
    assert ended.returncode == status
