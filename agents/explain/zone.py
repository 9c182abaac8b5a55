"""The time zone in which an answer is told."""

from agents.explain.lookup import Answer
from stream.episodes import quiet_hours


def own_zone(answer: Answer) -> str | None:
    """The zone last given for the person, if it is one."""
    given = [event["time_zone"] for event in answer.story.events if "time_zone" in event]
    return next((name for name in reversed(given) if quiet_hours.zone(name)), None)
