"""Seeded histories of documents over a log: recipes appear, change, become shadows and disappear."""

import copy
import json
import random
from collections.abc import Callable
from typing import Any

from tests.reference import generate_life
from tests.reference.generate_life import STEPS

Document = dict[str, Any]


def history(
    seed: int, log: list[bytes], recipes: Callable[[int], Document] = generate_life.recipes
) -> Document:
    """A recipes file's contents: documents in force from times at and around the log's lines.

    `recipes`: returns a document's contents for a seed, matching the log.
    """
    pick = random.Random(f"history {seed}")
    documents = [_in_time(pick, recipes(seed))]
    times = sorted(set(_times(pick, log)))
    for since in pick.sample(times, min(len(times), pick.choice((1, 2, 3, 5)))):
        documents.append({"from": since})
    documents[1:] = sorted(documents[1:], key=lambda each: each["from"])
    for place in range(1, len(documents)):
        before = {name: value for name, value in documents[place - 1].items() if name != "from"}
        if pick.random() < 0.2:
            before = recipes(seed + place)
        documents[place] = {**_in_time(pick, copy.deepcopy(before)), **documents[place]}
    return {"history": documents}


def _times(pick: random.Random, log: list[bytes]) -> list[int]:
    found = []
    for line in log:
        try:
            at = json.loads(line)["t"]
        except (ValueError, TypeError, KeyError, RecursionError):
            continue
        if type(at) is int and 0 < at < 10**14:
            found.append(at + pick.choice((0, 0, 1, 300_000, 3_600_000, 86_400_000)))
    return found


def _in_time(pick: random.Random, document: Document) -> Document:
    """The document with some recipes as shadows, some watched, some changed."""
    kept = []
    for recipe in document.get("recipes") or ():
        if pick.random() < 0.1:
            continue
        if pick.random() < 0.3:
            recipe["mode"] = pick.choice(("shadow", "shadow", "live"))
        if pick.random() < 0.4:
            recipe["attribution"] = pick.choice(("1h", "1d", "7d", "20d"))
        if pick.random() < 0.3:
            recipe["existing"] = pick.random() < 0.8
        if pick.random() < 0.15:
            recipe["enabled"] = pick.random() < 0.5
        if pick.random() < 0.3 and "steps" in recipe:
            recipe["steps"] = list(pick.choice(STEPS))
        if pick.random() < 0.1:
            recipe["holdout"] = pick.choice((0, 50, 100))
        kept.append(recipe)
    if "recipes" in document:
        document["recipes"] = kept
    if pick.random() < 0.15:
        document.setdefault("policy", {})["keep"] = pick.choice(("30d", "45d", "400d"))
    return document
