"""Settings of an eraser, from the environment. They are checked together with those of every command.

| variable | what | default |
|---|---|---|
| TRIGGERS_ERASER_GROUP | consumer group | prefix + `eraser` |
| TRIGGERS_ERASER_DELAY | from an erasure, or from what was written for it, to the next look at the states | 1m |
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from agents.config.common import read_common
from agents.config.environment import Environment
from agents.config.settings import Settings, SettingsError
from agents.kafka.acls import ERASER_GROUP
from stream import durations

DELAY: Final = "1m"
"""Shorter: fewer erasures share a pass over the changelogs, and a worker that restarts may not have written its states.
Longer: browsers that are in use bring erased people back for longer."""


@dataclass(frozen=True)
class EraserSettings:
    """Settings. `common`: those of every command."""

    common: Settings
    group: str
    delay_ms: int = durations.parse(DELAY)

    @classmethod
    def read(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """The settings. Raises SettingsError with every mistake, those of the common settings included."""
        env = Environment(environ)
        common = read_common(env, environ)
        settings = cls(
            common=common,
            group=env.text("TRIGGERS_ERASER_GROUP", common.topic(ERASER_GROUP)),
            delay_ms=env.duration("TRIGGERS_ERASER_DELAY", DELAY),
        )
        env.near_misses()
        if env.mistakes:
            raise SettingsError("\n".join(env.mistakes))
        return settings
