"""A person's present and next steps: audiences, and steps that wait. Source: docs/semantics-life.md, 12 and 13."""

from collections.abc import Iterator
from datetime import tzinfo
from functools import partial

from msgspec import Struct

from agents.explain import life_text, outlook, pending_steps
from agents.explain.decision_sources import DecisionSource
from agents.explain.event_text import moment_of_year
from agents.explain.lookup import Answer
from agents.explain.outlook import Outlook
from agents.explain.pending_steps import Step
from agents.explain.timeline import Story
from stream.recipes.history import History
from stream.state.person import Person


class Present(Struct, frozen=True):
    """A person at `at` (ms). `outlook`: None while no audience is in force."""

    person: str
    at: int
    outlook: Outlook | None
    steps: list[Step]


async def ask(
    source: DecisionSource, answer: Answer, history: History, zone: tzinfo
) -> list[Present]:
    """The present of each person of the answer that has a state. Empty if the source has no states."""
    found = []
    for name in sorted(answer.story.people):
        person = await source.state(name)
        if person is not None:
            found.append(of(person, history, as_of(answer.story, person), zone))
    return found


def of(person: Person, history: History, at: int, zone: tzinfo) -> Present:
    """The present of one person. `at`: the time of the state (ms)."""
    recipes = history.at(at)
    seen = None
    if recipes.audiences:
        seen = outlook.of(person, recipes, at, partial(moment_of_year, zone=zone))
    return Present(person.id, at, seen, pending_steps.of_person(person, recipes))


def as_of(story: Story, person: Person) -> int:
    """Now (ms); in a replay the latest time of anything known."""
    if story.now is not None:
        return story.now
    times: list[int] = [each["t"] for each in (*story.events, *story.forwarded)]
    times += [each["at"] for each in (*story.decisions, *story.changes)]
    return max([person.applied, *times])


def lines(present: Present, zone: tzinfo) -> Iterator[tuple[str, tuple[str, ...]]]:
    """(line, its details) of the present, in words."""
    clock = partial(moment_of_year, zone=zone)
    seen = present.outlook
    if seen is not None:
        for each in seen.belongs:
            first, *rest = life_text.belonging(each, seen.is_here, clock)
            yield f"belongs to {first}", tuple(rest)
        for text in life_text.comes(seen, clock):
            yield f"enters {text}", ()
    for step in present.steps:
        of_steps = f" {step.step} of {step.steps}" if step.steps > 1 else ""
        about = f"About {step.product or step.origin}, open since {clock(step.opened_at)}."
        yield f"{step.recipe}{of_steps} waits for {life_text.waits_for(step, clock)}", (about,)
    if seen is not None and seen.forgotten is not None:
        yield f"is forgotten on {clock(seen.forgotten)}", ("Any event before that puts it off.",)
