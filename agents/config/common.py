"""What the settings and options of several commands share."""

import argparse
from collections.abc import Mapping

from agents.config.environment import Environment
from agents.config.settings import Settings, SettingsError, address


def read_common(env: Environment, environ: Mapping[str, str]) -> Settings:
    """The settings of every command; a broker is required. Their mistakes are added to those of `env`."""
    try:
        common = Settings.read(environ)
        common.require_kafka()
    except SettingsError as error:
        env.mistakes += str(error).splitlines()
        return Settings()
    return common


def add_metrics(parser: argparse.ArgumentParser, default: str) -> None:
    """`--metrics HOST:PORT`, None if it is empty."""
    parser.add_argument(
        "--metrics",
        type=_metrics,
        default=default,
        metavar="HOST:PORT",
        help=f"of /metrics, /live and /ready; empty: none ({default})",
    )


def _metrics(text: str) -> tuple[str, int] | None:
    try:
        return address("--metrics", text) if text else None
    except SettingsError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
