"""The key under which an aiohttp application holds the settings: `request.app[SETTINGS]`."""

from typing import Final

from aiohttp import web

from agents.config.settings import Settings

SETTINGS: Final = web.AppKey("settings", Settings)
