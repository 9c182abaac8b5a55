"""Publishes a document: creates the topics of its recipes, then appends it. Raises TopicsError, KafkaError."""

import getpass
import socket
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from kafka.errors import TopicAuthorizationFailedError

from agents.config.settings import Settings, SettingsError
from agents.kafka import cluster_admin
from agents.kafka.cluster_admin import TopicsError
from agents.kafka.topics import FACTS, RECIPES, Layout, required
from agents.published import published_log
from agents.published.published_document import PublishedDocument, checked
from agents.replay.span import DIGITS
from stream import durations
from stream.events.words import BOUND

FORMS: Final = (
    "2026-11-28, 2026-11-28T12:30, 2026-11-28T12:30+01:00 (without a zone: UTC), ms since 1970, tomorrow, "
    "or +2h (from now)"
)


def start(text: str, now: datetime) -> int:
    """The time of `publish --from`, in ms. `now`: with a time zone. Raises ValueError with what is expected."""
    word, epoch = text.strip(), datetime(1970, 1, 1, tzinfo=UTC)
    if word.lower() == "tomorrow":
        found = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        return (found + timedelta(days=1) - epoch) // timedelta(milliseconds=1)
    try:
        if word.startswith("+"):
            return (now - epoch) // timedelta(milliseconds=1) + durations.parse(word[1:])
        if DIGITS.fullmatch(word) and int(word) <= BOUND:
            return int(word)
        given = datetime.fromisoformat(word)
    except ValueError:
        raise ValueError(f"expected {FORMS}; got {text!r}") from None
    given = given if given.tzinfo else given.replace(tzinfo=UTC)
    return max(0, (given - epoch) // timedelta(milliseconds=1))


def somebody() -> str:
    """`user@host` of this process."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError):
        user = "unknown"
    return f"{user}@{socket.gethostname()}"


def require_live(settings: Settings) -> None:
    """Checks that the service is live. Raises SettingsError in a replay."""
    if settings.time != "append":
        raise SettingsError(
            "expected TRIGGERS_TIME=append, got record: a replay gets its documents from `load --recipes`"
        )


def make_topics(settings: Settings, document: dict[str, Any]) -> list[str]:
    """Creates the missing topics of the document's recipes. Returns their names.

    Raises TopicsError if other topics are missing, or if the user may not create topics; RecipesError for a document with
    a fault.
    """
    names = checked(document).names
    wanted = [settings.topic(f"triggers.{name}") for name in names]
    needed = [settings.topic(RECIPES), settings.topic(FACTS)]
    with cluster_admin.connected(settings) as admin:
        found = cluster_admin.find(admin, [*wanted, *needed])
        if absent := [name for name in needed if name not in found]:
            lines = [
                f"{name} is missing: make it with `storefront-triggers topics`" for name in absent
            ]
            raise TopicsError("\n".join(lines))
        missing = [name for name in wanted if name not in found]
        people = found[settings.topic(FACTS)].partitions
        specs = {spec.name: spec for spec in required(settings, names, Layout(0, people, 0))}
        try:
            cluster_admin.make(admin, [specs[name] for name in missing])
        except TopicAuthorizationFailedError as error:
            raise TopicsError(
                "\n".join(
                    f"{name} is missing, and this user may not create it: run `storefront-triggers topics` with this "
                    "file in TRIGGERS_RECIPES, or create it like the other topics of triggers"
                    for name in missing
                )
            ) from error
    return missing


async def publish(
    settings: Settings, document: dict[str, Any], since: int | None, by: str, note: str
) -> PublishedDocument:
    """Appends a document whose topics exist. `since`: its `from` (ms).

    Raises SettingsError in a replay, RecipesError for a document with a fault, aiokafka's KafkaError.
    """
    require_live(settings)
    checked(document)
    [appended] = await published_log.append(settings, [(document, since, by, note)])
    return appended
