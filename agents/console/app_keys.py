"""Keys of values that the console's routes share in the application: `request.app[HUB]`."""

from typing import Final

from aiohttp import web

from agents.console.hub import Hub

HUB: Final = web.AppKey("hub", Hub)
