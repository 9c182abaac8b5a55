"""Settings from the environment. All are checked at once, and one message lists every mistake.

| variable | what | default |
|---|---|---|
| TRIGGERS_KAFKA | brokers, `host:port,host:port` | none |
| TRIGGERS_REDIS | URL of the view; empty: no view (or TRIGGERS_REDIS_FILE) | none |
| TRIGGERS_PREFIX | stands before every topic and the group | empty |
| TRIGGERS_TIME | `append`: live, the broker's time · `record`: replay, the record's own | append |
| TRIGGERS_RECIPES | recipes file | the five shipped |
| TRIGGERS_METRICS | `host:port` of /metrics, /live, /ready; empty: none | 127.0.0.1:9108 |
| TRIGGERS_SECURITY | PLAINTEXT SSL SASL_PLAINTEXT SASL_SSL | PLAINTEXT |
| TRIGGERS_SASL_MECHANISM | PLAIN SCRAM-SHA-256 SCRAM-SHA-512 | SCRAM-SHA-512 |
| TRIGGERS_USER, TRIGGERS_PASSWORD | for SASL (or ..._FILE) | none |
| TRIGGERS_CAFILE | authorities that are trusted (PEM) | the system's |
| TRIGGERS_GROUP | consumer group | prefix + `triggers` |
| TRIGGERS_INSTANCE_ID | static membership: the name a worker keeps over restarts | none |
| TRIGGERS_SESSION_MS | a worker that is silent this long loses its partitions | 7000 |
| TRIGGERS_LATENCY_MS | longest wait of an event for others to be fetched with; longer: exit triggers come later, workers take less CPU | 40 |
| TRIGGERS_CHECKPOINT_MS | `pause/transaction`: between two checkpoints / the same with delivery exactly once and no backlog | 2000/100 |
| TRIGGERS_MARGIN_MS | how far time stays behind the brokers' clock | 100; with several brokers 2000 |
| TRIGGERS_DELIVERY | `at_least_once` or `exactly_once` | at_least_once |
| TRIGGERS_SOURCES | sources file: what storefronts send and who may (`connect check` reads it) | none |
| TRIGGERS_IDENTITY_PEPPER | makes keys of addresses, at least 32 bytes (or ..._FILE) | none |
| TRIGGERS_COMPILED | `no`: all stages in Python, at two to three times the CPU, though the compiled parts are there | yes |
"""

import os
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, Self, cast

from agents.config.environment import Environment
from agents.config.pepper import pepper

Time = Literal["append", "record"]
Delivery = Literal["at_least_once", "exactly_once"]

PROTOCOLS: Final = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
MECHANISMS: Final = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
METRICS: Final = "127.0.0.1:9108"
SESSION_MS: Final = 7_000
"""Shorter: a pause of the machine causes a rebalance; by default brokers refuse less than 6 s. Longer: the carts of a
dead worker wait longer, until another worker takes them over. The restore takes about 3 s more."""

LATENCY_MS: Final = 40
"""Shorter: a fetch returns fewer events for the same cost. Longer: the shopper may have left before an exit trigger comes."""


class SettingsError(Exception):
    """The mistakes in the settings, one a line. Never quotes a secret."""


class CheckpointPauses(NamedTuple):
    """Ms between two checkpoints. A restart applies the input since the last one again.

    `transaction`: with delivery exactly once and without a backlog, because readers wait for the next checkpoint.
    """

    pause: int = 2000
    transaction: int = 100


CHECKPOINT: Final = CheckpointPauses()


@dataclass(frozen=True)
class Security:
    """The security of connections to the brokers. `user`, `password`: for SASL."""

    protocol: str = "PLAINTEXT"
    mechanism: str = "SCRAM-SHA-512"
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    cafile: Path | None = None


PLAINTEXT: Final = Security()


@dataclass(frozen=True)
class Settings:
    """Times in ms. `metrics` None: no HTTP server. `margin_ms` None: by the number of brokers."""

    kafka: tuple[str, ...] = ()
    redis: str | None = field(default=None, repr=False)
    prefix: str = ""
    time: Time = "append"
    recipes: Path | None = None
    metrics: tuple[str, int] | None = ("127.0.0.1", 9108)
    security: Security = PLAINTEXT
    group: str = "triggers"
    instance_id: str | None = None
    session_ms: int = SESSION_MS
    latency_ms: int = LATENCY_MS
    checkpoint_ms: CheckpointPauses = CHECKPOINT
    margin_ms: int | None = None
    delivery: Delivery = "at_least_once"
    compiled: bool = True
    sources: Path | None = None
    pepper: bytes | None = field(default=None, repr=False)

    @classmethod
    def read(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """The settings of the environment. Raises SettingsError with every mistake."""
        env = Environment(environ)
        prefix = _prefix(env)
        settings = cls(
            kafka=_brokers(env),
            redis=_redis(env),
            prefix=prefix,
            time=cast(Time, env.choice("TRIGGERS_TIME", ("append", "record"), "append")),
            recipes=env.file("TRIGGERS_RECIPES"),
            metrics=_metrics(env),
            security=_security(env),
            group=env.text("TRIGGERS_GROUP", f"{prefix}triggers"),
            instance_id=env.text("TRIGGERS_INSTANCE_ID") or None,
            session_ms=env.number("TRIGGERS_SESSION_MS", 1000, 1_800_000, SESSION_MS),
            latency_ms=env.number("TRIGGERS_LATENCY_MS", 0, 1000, LATENCY_MS),
            checkpoint_ms=_checkpoint(env),
            margin_ms=env.optional_number("TRIGGERS_MARGIN_MS", 0, 600_000),
            delivery=cast(
                Delivery,
                env.choice("TRIGGERS_DELIVERY", ("at_least_once", "exactly_once"), "at_least_once"),
            ),
            compiled=env.choice("TRIGGERS_COMPILED", ("yes", "no"), "yes") == "yes",
            sources=env.file("TRIGGERS_SOURCES"),
            pepper=pepper(env),
        )
        env.near_misses()
        if env.mistakes:
            raise SettingsError("\n".join(env.mistakes))
        return settings

    def require_kafka(self) -> tuple[str, ...]:
        """The brokers. Raises SettingsError if none is set."""
        if not self.kafka:
            raise SettingsError(
                "TRIGGERS_KAFKA is not set: set it to host:port of a broker, or start one with `local`"
            )
        return self.kafka

    def topic(self, name: str) -> str:
        """The full name of a topic, with the prefix."""
        return self.prefix + name


def address(name: str, text: str) -> tuple[str, int]:
    """`host:port` of an option. Raises SettingsError."""
    env = Environment({})
    found = env.address(name, text, 0)
    if found is None:
        raise SettingsError("\n".join(env.mistakes))
    return found


def kafka_python_options(settings: Settings) -> dict[str, Any]:
    """Addresses and security for kafka-python's clients. Raises SettingsError without a broker."""
    options = _sasl(settings)
    if settings.security.cafile:
        options["ssl_cafile"] = str(settings.security.cafile)
    return options


def aiokafka_options(settings: Settings) -> dict[str, Any]:
    """Addresses and security for aiokafka's clients. Raises SettingsError without a broker."""
    options = _sasl(settings)
    if settings.security.protocol.endswith("SSL"):
        options["ssl_context"] = ssl.create_default_context(cafile=settings.security.cafile)
    return options


def _sasl(settings: Settings) -> dict[str, Any]:
    security = settings.security
    options: dict[str, Any] = {
        "bootstrap_servers": list(settings.require_kafka()),
        "security_protocol": security.protocol,
    }
    if security.protocol.startswith("SASL"):
        options["sasl_mechanism"] = security.mechanism
        options["sasl_plain_username"] = security.user
        options["sasl_plain_password"] = security.password
    return options


def _brokers(env: Environment) -> tuple[str, ...]:
    given = [part.strip() for part in env.text("TRIGGERS_KAFKA").split(",") if part.strip()]
    return tuple(part for part in given if env.address("TRIGGERS_KAFKA", part))


def _redis(env: Environment) -> str | None:
    url = env.secret("TRIGGERS_REDIS")
    if url and not url.startswith(("redis://", "rediss://", "unix://")):
        env.mistakes.append("TRIGGERS_REDIS: expected a URL redis://, rediss:// or unix://")
    return url


def _prefix(env: Environment) -> str:
    prefix = env.text("TRIGGERS_PREFIX")
    if re.fullmatch(r"[a-zA-Z0-9._-]{0,64}", prefix):
        return prefix
    env.mistakes.append(f"TRIGGERS_PREFIX: expected up to 64 of a-z A-Z 0-9 . _ -, got {prefix!r}")
    return ""


def _metrics(env: Environment) -> tuple[str, int] | None:
    address = env.variables.get("TRIGGERS_METRICS", METRICS)
    env.text("TRIGGERS_METRICS")
    return env.address("TRIGGERS_METRICS", address, 0) if address else None


def _checkpoint(env: Environment) -> CheckpointPauses:
    value = env.text("TRIGGERS_CHECKPOINT_MS", "2000/100")
    match = re.fullmatch(r"(\d{1,5})/(\d{1,5})", value, re.ASCII)
    pauses = CheckpointPauses(int(match[1]), int(match[2])) if match else CheckpointPauses(0, 0)
    if 1 <= pauses.transaction <= pauses.pause <= 10_000:
        return pauses
    env.mistakes.append(
        f"TRIGGERS_CHECKPOINT_MS: expected pause/transaction, 1 to 10000 ms each, got {value!r}"
    )
    return CheckpointPauses()


def _security(env: Environment) -> Security:
    security = Security(
        protocol=env.choice("TRIGGERS_SECURITY", PROTOCOLS, "PLAINTEXT"),
        mechanism=env.choice("TRIGGERS_SASL_MECHANISM", MECHANISMS, "SCRAM-SHA-512"),
        user=env.secret("TRIGGERS_USER"),
        password=env.secret("TRIGGERS_PASSWORD"),
        cafile=env.file("TRIGGERS_CAFILE"),
    )
    sasl = security.protocol.startswith("SASL")
    if sasl and not (security.user and security.password):
        env.mistakes.append(
            f"TRIGGERS_SECURITY {security.protocol} needs TRIGGERS_USER and TRIGGERS_PASSWORD"
        )
    if not sasl and (security.user or security.password):
        env.mistakes.append(
            "TRIGGERS_USER and TRIGGERS_PASSWORD are used with SASL only: set TRIGGERS_SECURITY"
        )
    if security.cafile and not security.protocol.endswith("SSL"):
        env.mistakes.append("TRIGGERS_CAFILE is used with SSL only: set TRIGGERS_SECURITY")
    return security
