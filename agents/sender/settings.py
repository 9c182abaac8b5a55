"""Settings of a sender, from the environment. They are checked together with those of every command.

| variable | what | default |
|---|---|---|
| TRIGGERS_SENDER_SERVICE | `webhook`, or a messaging service: `klaviyo`, `braze`, `customerio`, `segment` | webhook |
| TRIGGERS_SENDER_KEY | the key of the messaging service (or ..._FILE) | none |
| TRIGGERS_WEBHOOK_URL | where triggers go, http or https (or ..._FILE) | the service's own address |
| TRIGGERS_WEBHOOK_SECRET | `whsec_` and base64 of 24 to 64 bytes; several, with spaces between: each signs (or ..._FILE) | none |
| TRIGGERS_WEBHOOK_TIMEOUT_MS | longest wait for an answer | 10000 |
| TRIGGERS_WEBHOOK_BACKOFF_MS | `first/most`: bounds of the pause after the first failure, and after many | 500/300000 |
| TRIGGERS_WEBHOOK_GIVE_UP | how long a failing trigger is tried, if it stays valid | 24h |
| TRIGGERS_SENDER_REQUESTS | requests at once | 16 |
| TRIGGERS_SENDER_RATE | requests a second at most; 0: no limit | what the service takes |
| TRIGGERS_SENDER_RECIPES | recipes to send for, with commas between | all of TRIGGERS_RECIPES |
| TRIGGERS_SENDER_GROUP | consumer group | prefix + `sender` |
| TRIGGERS_SENDER_STORE | file of what was sent; with a Redis: while that does not answer | `.cache/GROUP.sqlite3` |
"""

import binascii
import os
import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from agents.config.common import read_common
from agents.config.environment import Environment
from agents.config.settings import Settings, SettingsError
from agents.sender.responses import BACKOFF, Backoff
from agents.sender.services.preset import Preset
from agents.sender.services.registry import PRESETS, WEBHOOK
from stream import durations

TIMEOUT_MS: Final = 10_000
REQUESTS: Final = 16
GIVE_UP: Final = "24h"
"""Shorter: an outage of the endpoint causes many dead letters. Longer: one trigger that the endpoint cannot take holds
the offset of its partition this long."""


@dataclass(frozen=True)
class SenderSettings:
    """`common`: those of every command. Times in ms; `recipes` empty: all.

    `service`: a name of the registry, or `webhook`, which has `secrets` and no `key`. `rate`: requests a second.
    """

    common: Settings
    url: str = field(repr=False)
    secrets: tuple[bytes, ...] = field(repr=False)
    idempotency: Path
    group: str
    recipes: tuple[str, ...] = ()
    timeout_ms: int = TIMEOUT_MS
    backoff_ms: Backoff = BACKOFF
    give_up_ms: int = durations.DAY
    requests: int = REQUESTS
    service: str = WEBHOOK
    key: str = field(default="", repr=False)
    rate: int = 0

    @classmethod
    def read(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """The settings. Raises SettingsError with every mistake, those of the common settings included."""
        env = Environment(environ)
        common = read_common(env, environ)
        group = env.text("TRIGGERS_SENDER_GROUP", f"{common.prefix}sender")
        service = env.choice("TRIGGERS_SENDER_SERVICE", (WEBHOOK, *PRESETS), WEBHOOK)
        preset = PRESETS.get(service)
        settings = cls(
            common=common,
            service=service,
            url=_url(env, preset.address if preset else None),
            secrets=_secrets(env) if preset is None else (),
            key=_key(env, preset) if preset else "",
            rate=env.number("TRIGGERS_SENDER_RATE", 0, 100_000, preset.rate if preset else 0),
            idempotency=Path(env.text("TRIGGERS_SENDER_STORE", f".cache/{group}.sqlite3")),
            group=group,
            recipes=_recipes(env),
            timeout_ms=env.number("TRIGGERS_WEBHOOK_TIMEOUT_MS", 100, 60_000, TIMEOUT_MS),
            backoff_ms=_backoff(env),
            give_up_ms=env.duration("TRIGGERS_WEBHOOK_GIVE_UP", GIVE_UP),
            requests=env.number("TRIGGERS_SENDER_REQUESTS", 1, 1000, REQUESTS),
        )
        env.near_misses()
        if env.mistakes:
            raise SettingsError("\n".join(env.mistakes))
        return settings


def _key(env: Environment, preset: type[Preset]) -> str:
    given = env.secret("TRIGGERS_SENDER_KEY")
    if given is None:
        env.mistakes.append(f"TRIGGERS_SENDER_KEY is not set: {preset.name} needs {preset.key}")
        return ""
    if fault := preset.fault(given):
        env.mistakes.append(f"TRIGGERS_SENDER_KEY: {fault}")
    return given


def _url(env: Environment, address: str | None) -> str:
    """The address. Errors never quote it: it often carries a token. `address`: that of the messaging service."""
    given = env.secret("TRIGGERS_WEBHOOK_URL") or address
    if given is None:
        env.mistakes.append(
            "TRIGGERS_WEBHOOK_URL is not set: set it to the address that takes triggers"
        )
        return ""
    env.http_url("TRIGGERS_WEBHOOK_URL", given)
    return given


def _secrets(env: Environment) -> tuple[bytes, ...]:
    given = env.secret("TRIGGERS_WEBHOOK_SECRET")
    if given is None:
        env.mistakes.append(
            "TRIGGERS_WEBHOOK_SECRET is not set: without it the receiver cannot verify requests"
        )
        return ()
    try:
        found = tuple(_secret(each) for each in given.split())
    except ValueError:
        env.mistakes.append(
            "TRIGGERS_WEBHOOK_SECRET: expected whsec_ and the base64 of 24 to 64 bytes, like "
            "whsec_$(openssl rand -base64 32)"
        )
        return ()
    return found


def _secret(text: str) -> bytes:
    """The bytes of a secret `whsec_…`. Raises ValueError."""
    if not text.startswith("whsec_"):
        raise ValueError
    try:
        secret = b64decode(text.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        raise ValueError from None
    if not 24 <= len(secret) <= 64:
        raise ValueError
    return secret


def _recipes(env: Environment) -> tuple[str, ...]:
    given = env.text("TRIGGERS_SENDER_RECIPES").split(",")
    return tuple(name.strip() for name in given if name.strip())


def _backoff(env: Environment) -> Backoff:
    value = env.text("TRIGGERS_WEBHOOK_BACKOFF_MS", "500/300000")
    match = re.fullmatch(r"(\d{1,7})/(\d{1,7})", value, re.ASCII)
    backoff = Backoff(int(match[1]), int(match[2])) if match else Backoff(0, 0)
    if 1 <= backoff.first <= backoff.most <= durations.HOUR:
        return backoff
    env.mistakes.append(
        f"TRIGGERS_WEBHOOK_BACKOFF_MS: expected first/most, 1 to 3600000 ms each, got {value!r}"
    )
    return BACKOFF
