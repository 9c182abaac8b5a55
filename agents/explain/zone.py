"""The time zone of an answer."""

from agents.explain.lookup import Answer
from stream.episodes import quiet_hours


def own_zone(answer: Answer) -> str | None:
    """The last zone given for the person, if it is a valid one."""
    given = [event["time_zone"] for event in answer.story.events if "time_zone" in event]
    return next((name for name in reversed(given) if quiet_hours.zone(name)), None)
