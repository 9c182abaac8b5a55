"""Reads and checks a recipes file (YAML or JSON). Source: docs/semantics.md, 9.

A field that a recipe leaves out has the default of its kind. A file with any fault is refused as a whole.
"""

from decimal import ROUND_CEILING, Decimal
from typing import Any, Final

from msgspec import structs

from stream import history_file, recipes_limits
from stream.audiences_file import as_digits, audiences
from stream.durations import parse as duration
from stream.history_file import GivenDocument
from stream.kinds.registry import KINDS, SHIPPED
from stream.marked import dotted, line_of
from stream.recipes.conditions import Offer, Range, When
from stream.recipes.history import Document, History
from stream.recipes.recipe import Cap, Policy, Quiet, Recipe, Recipes
from stream.recipes_lines import LineFault, RecipesError, RecipesText

__all__ = [
    "DEFAULT",
    "RecipesError",
    "given_documents",
    "history_of",
    "load",
    "load_history",
    "parse",
]


def load(text: str, name: str = "recipes") -> Recipes:
    """The recipes of a file's text. `name`: of the file, for errors. Raises RecipesError."""
    file = RecipesText.read(text, name)
    if isinstance(file.content, dict) and "history" in file.content:
        why = "history is for a backtest, a comparison and a replay; expected one document"
        file.refuse([LineFault(1, why)])
    file.refuse(file.faults_of(file.content))
    return parse(file.content)


def load_history(text: str, name: str = "recipes") -> History:
    """The history of a file with a history, or with one document. Raises RecipesError."""
    return _history(given_documents(text, name))


def history_of(file: Any, name: str = "recipes") -> History:
    """As `load_history`, of a file that is read already. Errors have no lines. Raises RecipesError."""
    return _history(_given(RecipesText(name, None, file)))


def _history(given: list[GivenDocument]) -> History:
    found = [Document(parse(each.recipes), each.since, each.by, each.note) for each in given]
    return History(found[0].recipes, found[1:])


def given_documents(text: str, name: str = "recipes") -> list[GivenDocument]:
    """The checked documents of such a file, as written. Raises RecipesError."""
    return _given(RecipesText.read(text, name))


def _given(file: RecipesText) -> list[GivenDocument]:
    """The checked documents of a file."""
    if not isinstance(file.content, dict) or "history" not in file.content:
        file.refuse(file.faults_of(file.content))
        return [GivenDocument(file.content)]
    try:
        given = history_file.documents(file.content)
    except history_file.HistoryFault as fault:
        given = []
        faults = [LineFault(line_of(file.root, fault.path), f"{dotted(fault.path)} {fault}")]
    else:
        every = enumerate(each.recipes for each in given)
        faults = [fault for n, each in every for fault in file.faults_of(each, "history", str(n))]
    file.refuse(faults)
    return given


def parse(document: dict[str, Any]) -> Recipes:
    """The recipes of a document that the schema accepts; those shipped for {}."""
    given = document.get("recipes")
    recipes = SHIPPED if given is None else tuple(_recipe(each) for each in given)
    policy = _policy(document.get("policy") or {}, recipes_limits.keep(document))
    return Recipes(policy, recipes, audiences(document))


SPANS: Final = (
    "ordered_within",
    "cooldown",
    "expires",
    "valid_for",
    "lead",
    "after",
    "attribution",
)
PLAIN: tuple[str, ...] = (
    "version",
    "enabled",
    "priority",
    "capped",
    "reach",
    "consent",
    "audience",
    "looks",
)
PLAIN += ("mode", "existing")


def _recipe(given: dict[str, Any]) -> Recipe:
    fields: dict[str, Any] = {
        "name": given["name"],
        "kind": given.get("kind", given["name"]),
    }
    if "steps" in given:
        fields["steps"] = tuple(duration(step) for step in given["steps"])
    for name in SPANS:
        if name in given:
            fields[name] = duration(given[name])
    for name in PLAIN:
        if name in given:
            fields[name] = given[name]
    if "channels" in given:
        fields["channels"] = tuple(dict.fromkeys(given["channels"]))
    if "when" in given:
        fields["when"] = _when(given["when"])
    if "from" in given:
        fields["base"] = given["from"]
    if "life" in given:
        fields["life"] = {name: duration(unit) for name, unit in given["life"].items()}
    if "holdout" in given:
        fields["holdout"] = _buckets(Decimal(str(given["holdout"])))
    if "arms" in given:
        fields["arms"] = _arms(given["arms"])
    if "offers" in given:
        fields["offers"] = tuple(
            Offer(each["offer"], _when(each.get("when", {}))) for each in given["offers"]
        )
    return structs.replace(KINDS[fields["kind"]], **fields)


def _policy(given: dict[str, Any], keep: int) -> Policy:
    fields: dict[str, Any] = {"keep": keep}
    if "caps" in given:
        fields["caps"] = tuple(
            Cap(cap["max"], duration(cap["per"]), cap["then"]) for cap in given["caps"]
        )
    if given.get("quiet"):
        fields["quiet"] = Quiet(_minute(given["quiet"]["from"]), _minute(given["quiet"]["to"]))
    if "zone" in given:
        fields["zone"] = given["zone"]
    return structs.replace(Policy(), **fields)


def _when(given: dict[str, Any]) -> When:
    lists = {"sub_kind", "category"}
    return When(
        tuple(
            Range(name.replace(".", "_"), bounds.get("min"), bounds.get("max"))
            for name, bounds in given.items()
            if name not in lists
        ),
        frozenset(given["sub_kind"]) if "sub_kind" in given else None,
        frozenset(map(as_digits, given["category"])) if "category" in given else None,
    )


def _arms(given: dict[str, Any]) -> tuple[tuple[str, int], ...]:
    total = Decimal(0)
    arms = []
    for name, percent in given.items():
        total += Decimal(str(percent))
        arms.append((name, _buckets(total)))
    return tuple(arms)


def _buckets(percent: Decimal) -> int:
    """The first bucket outside `percent`: percent x 100."""
    return int((percent * 100).to_integral_value(ROUND_CEILING))


def _minute(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


DEFAULT: Final = parse({})
"""The five recipes that are shipped, under the shipped policy."""
