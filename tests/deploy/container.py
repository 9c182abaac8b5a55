"""Checks whether a container would start: a known command, accepted arguments, valid settings."""

import argparse
from collections.abc import Mapping, Sequence
from importlib import import_module

from agents.__main__ import COMMANDS
from agents.bridge.settings import BridgeSettings
from agents.collector.access import Collecting
from agents.config.settings import Settings
from agents.eraser.settings import EraserSettings
from agents.sender.settings import SenderSettings


def parsed(command: Sequence[str]) -> argparse.Namespace:
    """The arguments as the command parses them; fails the test for an unknown one."""
    name, *arguments = command
    assert name in COMMANDS
    parser = argparse.ArgumentParser(exit_on_error=False)
    import_module(f"agents.commands.{name}").add_arguments(parser)
    return parser.parse_args(arguments)


def read(command: str, environ: Mapping[str, str]) -> Settings:
    """The settings as the command reads them. Raises SettingsError."""
    if command == "sender":
        return SenderSettings.read(environ).common
    if command == "erase":
        return EraserSettings.read(environ).common
    if command == "bridge":
        return BridgeSettings.read(environ).common
    settings = Settings.read(environ)
    settings.require_kafka()
    if command in ("console", "collector"):
        Collecting.read(environ)
    return settings


def known() -> set[str]:
    """The names of all settings of all commands, from the tables that document them."""
    modules = (
        "agents.config.settings",
        "agents.sender.settings",
        "agents.bridge.settings",
        "agents.eraser.settings",
        "agents.collector.access",
        "agents.console.publish_key",
        "agents.console.collectors",
        "agents.faces.request_log",
    )
    rows = [
        line.split("|")[1]
        for module in modules
        for line in (import_module(module).__doc__ or "").splitlines()
        if line.startswith("| TRIGGERS_")
    ]
    names = {name.strip() for row in rows for name in row.split(",")}
    return names | {f"{name}_FILE" for name in names}
