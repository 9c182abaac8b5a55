"""Prints stories of persons in the demo, in the words of the command `explain`."""

from rich.console import Console

from agents.demo import results
from agents.demo.session import DemoSession
from agents.explain import answer_text, present
from agents.explain.decision_sources import Kafka
from agents.explain.lookup import ask
from stream.recipes.history import History


def heading(console: Console, text: str) -> None:
    console.print(f"\n── {text} ──", style="bold cyan")


async def some(session: DemoSession, console: Console) -> None:
    """Prints the stories of a person who was reminded, of one with a held back step, and of a guest who bought."""
    async with Kafka(session.settings) as source:
        for person in results.examples(session.results(), session.weight):
            history = History(session.recipes)
            answer = await ask(source, person, history.audiences) if person else None
            if answer:
                heading(console, f"storefront-triggers explain {person}")
                zone = answer_text.zone_of(answer, history, None)[1]
                now = await present.ask(source, answer, history, zone)
                answer_text.show(answer, history, now, None, console)


async def drifting(session: DemoSession, console: Console) -> None:
    """Prints the end of the story of a member of the drifting audience: why, since when, and until when."""
    person = results.member(session.changes, "at-risk")
    history = History(session.recipes)
    if person is None:
        return
    async with Kafka(session.settings) as source:
        answer = await ask(source, person, history.audiences)
        if answer is None:
            return
        zone = answer_text.zone_of(answer, history, None)[1]
        heading(console, f"storefront-triggers explain {person}, its end")
        for now in await present.ask(source, answer, history, zone):
            for text, style in answer_text.ending(now, zone):
                console.print(text, style=style)
