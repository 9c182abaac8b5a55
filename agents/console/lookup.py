"""Looks up a person: the timeline in plain words and the pending steps, from Kafka.

While no broker answers, the Redis view gives the last decisions and the pending steps.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import tzinfo
from typing import Any, Final

from aiokafka.errors import KafkaError

from agents.config.settings import Settings
from agents.console.recipe_documents import RecipeDocuments
from agents.console.topic_reader import TopicReader
from agents.explain import pending_steps, present
from agents.explain.decision_sources import Kafka
from agents.explain.lookup import TRIGGER_ID, Answer, ask, persons
from agents.explain.pending_steps import PendingSteps
from agents.explain.present import Present
from agents.explain.timeline import Story, StoryLine, lines
from agents.explain.zone import own_zone
from agents.kafka.reconnect import connection_loss_as_error
from agents.view.projection import PEOPLE
from agents.view.reader import ViewReader
from agents.view.redis_client import ViewLost
from stream.episodes import quiet_hours

MOST_AT_ONCE: Final = 2
"""Lookups that read Kafka at the same time. Further ones wait."""

TIMEOUT_S: Final = 30.0
MOST_LINES: Final = 2_000
"""At most this many lines of a timeline are returned, the latest ones."""


class Unanswered(Exception):
    """Neither Kafka nor Redis answered in time. The text says which failed and how."""


class Lookup:
    """Looks up persons. `view`: the Redis view, None without a Redis."""

    def __init__(
        self,
        settings: Settings,
        documents: RecipeDocuments,
        reader: TopicReader,
        view: ViewReader | None,
    ) -> None:
        self._settings = settings
        self._documents = documents
        self._reader = reader
        self._view = view
        self._slots = asyncio.Semaphore(MOST_AT_ONCE)

    async def answer(self, wanted: str) -> dict[str, Any] | None:
        """The answer about a person or a trigger id as JSON, None if nothing is known. Raises Unanswered."""
        name, id = wanted, None
        if TRIGGER_ID.fullmatch(wanted.lower()):
            id = wanted.lower()
            name = await self._owner(id) or id
        if self._reader.tail.state == "lost":
            return await self._from_view(name, id, "No broker answers.")
        try:
            async with asyncio.timeout(TIMEOUT_S):
                with connection_loss_as_error():
                    return await self._from_log(name, id)
        except TimeoutError:
            return await self._from_view(name, id, f"The log took more than {TIMEOUT_S:.0f} s.")
        except (KafkaError, OSError) as error:
            return await self._from_view(name, id, f"No broker answers ({type(error).__name__}).")

    async def _from_log(self, name: str, id: str | None) -> dict[str, Any] | None:
        async with self._slots, Kafka(self._settings) as source:
            history = self._documents.history()
            found = await ask(source, name, history.audiences, self._settings.pepper)
            if found is None:
                return None
            pending, place = await self._waiting(source, found.name)
            result = self._as_json(found._replace(trigger_id=id or found.trigger_id), pending)
            now: list[Present] = []
            if history.audiences:
                now = await present.ask(source, found, history, self._zone(found)[0])
            outlooks = {each.person: each.outlook for each in now if each.outlook}
            return result | {"source": "kafka", "waiting_source": place, "outlooks": outlooks}

    async def _owner(self, id: str) -> str | None:
        """The person of a trigger id, None if neither the reader nor the view has it."""
        person = self._reader.person_of(id)
        if person is None and self._view:
            try:
                person = await self._view.person_of(id)
            except ViewLost:
                return None
        return person

    async def _waiting(self, source: Kafka, person: str) -> tuple[PendingSteps | None, str]:
        """The pending steps, and their source: the view ("redis"), or the changelog ("kafka") without the view."""
        if self._view:
            try:
                pending = await self._view.waiting(person)
            except ViewLost:
                pending = None
            if pending is not None:
                return pending, "redis"
        values = await source.values(PEOPLE, person)
        return pending_steps.of_records(person, values, self._documents.now()), "kafka"

    async def _from_view(self, name: str, id: str | None, fault: str) -> dict[str, Any] | None:
        if self._view is None:
            raise Unanswered(f"{fault} There is no Redis view to use instead.")
        try:
            for person in persons(name, self._settings.pepper):
                decisions = await self._view.decisions(person)
                pending = await self._view.waiting(person)
                if decisions or pending:
                    devices = tuple(
                        sorted({each["visitor"] for each in decisions if each["visitor"]})
                    )
                    timeline = Story(frozenset({person}), (), decisions)
                    result = self._as_json(Answer(person, devices, timeline, id), pending)
                    return result | {"source": "redis", "waiting_source": "redis", "fault": fault}
        except ViewLost as error:
            raise Unanswered(f"{fault} Redis does not answer either ({error}).") from None
        return None

    def _as_json(self, answer: Answer, pending: PendingSteps | None) -> dict[str, Any]:
        zone, name = self._zone(answer)
        timeline = lines(answer.story, self._documents.history(), zone)
        counts = Counter(line.kind for line in timeline)
        deferred = {
            each["trigger_id"]: each["reason"]
            for each in answer.story.decisions
            if each["outcome"] == "deferred"
        }
        steps = pending.steps if pending else []
        return {
            "name": answer.name,
            "trigger_id": answer.trigger_id,
            "visitors": answer.places,
            "zone": name,
            "counts": counts,
            "left_out": max(0, len(timeline) - MOST_LINES),
            "lines": [_line(line) for line in timeline[-MOST_LINES:]],
            "waiting": [{"step": step, "put_off": deferred.get(step.trigger_id)} for step in steps],
        }

    def _zone(self, answer: Answer) -> tuple[tzinfo, str]:
        name = own_zone(answer) or self._documents.now().policy.zone
        zone = quiet_hours.zone(name) or quiet_hours.zone("UTC")
        assert zone is not None
        return zone, name


def _line(line: StoryLine) -> dict[str, int | str | Sequence[str] | None]:
    return line._asdict()
