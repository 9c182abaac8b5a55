"""What the console's routes find in the application: `request.app[HUB]`."""

from typing import Final

from aiohttp import web

from agents.console.hub import Hub
from stream.recipes.recipe import Recipes

HUB: Final = web.AppKey("hub", Hub)
RECIPES: Final = web.AppKey("recipes", Recipes)
