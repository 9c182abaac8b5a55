"""What the console's routes find in the application: `request.app[HUB]`."""

from typing import Final

from aiohttp import web

from agents.config.settings import Settings
from agents.console.hub import Hub
from stream.recipes.recipe import Recipes

HUB: Final = web.AppKey("hub", Hub)
SETTINGS: Final = web.AppKey("settings", Settings)
RECIPES: Final = web.AppKey("recipes", Recipes)
