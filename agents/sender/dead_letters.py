"""Writes dead letters to `sender.undelivered`: messages that were not delivered, with the reason in headers."""

import asyncio
import logging
from typing import Any, Final, Literal

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, KafkaTimeoutError
from aiokafka.structs import ConsumerRecord, TopicPartition

from agents.config.settings import Settings, aiokafka_options
from agents.kafka import group_member
from agents.runtime.log import say

log = logging.getLogger("triggers.sender")

UNDELIVERED: Final = "sender.undelivered"
LARGEST: Final = 2 * 1024 * 1024
"""Largest record of the topic in bytes: the largest trigger and its headers fit."""

AGAIN_S: Final = 1.0

Reason = Literal["refused", "gave_up", "expired", "not_a_trigger"]


class Undelivered:
    """Writes dead letters, and waits for each acknowledgement."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._producer: Any = None

    async def start(self) -> None:
        """Starts, and waits for a broker. Raises KafkaError for errors that are not temporary."""
        self._producer = await group_member.start_client(
            lambda: AIOKafkaProducer(
                **aiokafka_options(self._settings),
                client_id="triggers-sender",
                acks="all",
                enable_idempotence=True,
                max_request_size=LARGEST,
            ),
            log,
        )

    async def stop(self) -> None:
        if self._producer is not None:
            await self._producer.stop()

    async def send(
        self,
        record: ConsumerRecord,
        place: TopicPartition,
        reason: Reason,
        answer: str,
        attempts: int,
    ) -> None:
        """Writes a dead letter. `answer`: the last status, `timeout` or `unreachable`; "": there was no attempt.

        Raises KafkaError for errors that are not temporary.
        """
        headers = [
            ("reason", reason.encode()),
            ("topic", place.topic.encode()),
            ("partition", b"%d" % place.partition),
            ("offset", b"%d" % record.offset),
            ("time", b"%d" % record.timestamp),
            ("tries", b"%d" % attempts),
            *([("answer", answer.encode())] if answer else []),
        ]
        topic = self._settings.topic(UNDELIVERED)
        while True:
            try:
                await self._producer.send_and_wait(topic, record.value, record.key, headers=headers)
            except KafkaError as error:
                if not (error.retriable or isinstance(error, KafkaTimeoutError)):
                    raise
                say(log, "dead_letter_waits", logging.WARNING, error=type(error).__name__)
                await asyncio.sleep(AGAIN_S)
            else:
                say(log, "undelivered", logging.WARNING, reason=reason, answer=answer or "-")
                return
