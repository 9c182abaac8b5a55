"""Generates an HTML page from the AsyncAPI document. The console serves it at /asyncapi.

`python -m agents.generate.asyncapi` writes it beside the document.
"""

import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any, Final, NamedTuple

import schemas
from agents.generate import asyncapi
from schemas.files import HOME

PAGE: Final = HOME / "asyncapi.html"
BOUNDS: Final = {
    "minLength": "from {} characters",
    "maxLength": "to {} characters",
    "minimum": "from {}",
    "maximum": "to {}",
    "pattern": "like {}",
}
HEAD: Final = """<!doctype html>
<!-- Made by `python -m agents.generate.asyncapi`: do not edit. -->
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}: contracts of the topics</title>
<link rel="icon" href="/static/mark.svg" type="image/svg+xml">
<link rel="stylesheet" href="/static/console.css">
<link rel="stylesheet" href="/static/asyncapi.css">
<script src="/static/theme.js"></script>
</head>
"""


class Field(NamedTuple):
    """One value of a message. `kind`: its type and bounds · `about`: its description."""

    path: str
    kind: str
    required: bool
    about: str


def text() -> str:
    """The whole page."""
    document = asyncapi.document()
    info, channels = document["info"], document["channels"]
    links = "".join(
        f'<li><a href="#{id}">{escape(c["address"])}</a></li>' for id, c in channels.items()
    )
    return (
        HEAD.format(title=escape(info["title"]))
        + f'<body class="contract"><header class="wide"><p><a href="/">Console</a></p>\n'
        f"<h1>{escape(info['title'])} <small>{escape(info['version'])}</small></h1>\n"
        f"<p>{escape(info['description'])} AsyncAPI {document['asyncapi']}; the same as data: "
        f"<code>schemas/asyncapi.yaml</code>.</p>\n"
        f'<nav aria-label="Topics"><ul>{links}</ul></nav></header>\n<main class="wide">\n'
        + "".join(_channel(document, id) for id in channels)
        + "</main>\n</body>\n</html>\n"
    )


def _channel(document: Mapping[str, Any], id: str) -> str:
    channel, operation = document["channels"][id], document["operations"][id]
    action = "The service writes" if operation["action"] == "send" else "The service reads"
    messages = "".join(_message(document, name) for name in channel["messages"])
    return (
        f'<section id="{id}"><h2>{escape(channel["address"])} <small>{action}</small></h2>\n'
        f"<p>{escape(channel['description'])} {escape(operation['description'])}</p>\n"
        f"{messages}</section>\n"
    )


def _message(document: Mapping[str, Any], id: str) -> str:
    message = document["components"]["messages"][id]
    part = "payload" if "payload" in message else "headers"
    name = message[part]["schema"]["$ref"].removeprefix("./").removesuffix(".json")
    rows = "".join(_row(field) for field in fields(schemas.load(name)))
    sample = json.dumps(message["examples"][0][part], indent=2, ensure_ascii=False)
    return (
        f"<details><summary><code>{escape(message['title'])}</code> {escape(message['summary'])}</summary>\n"
        f'<div class="scrolls"><table><thead><tr><th scope="col">{part}</th><th scope="col">is</th>'
        f'<th scope="col">about</th></tr></thead><tbody>\n{rows}</tbody></table></div>\n'
        f"<pre>{escape(sample)}</pre></details>\n"
    )


def _row(field: Field) -> str:
    need = "" if field.required else ' <span class="note">optional</span>'
    return (
        f'<tr><th scope="row"><code>{escape(field.path)}</code>{need}</th>'
        f"<td>{escape(field.kind)}</td><td>{escape(field.about)}</td></tr>\n"
    )


def fields(schema: Mapping[str, Any]) -> list[Field]:
    """The values of an object, in the order of its schema. Conditions (`if`) are left out."""
    return list(_fields(_whole(schema), ""))


def _fields(schema: Mapping[str, Any], before: str) -> Iterator[Field]:
    for name, given in schema.get("properties", {}).items():
        part, path = _whole(given), f"{before}{name}"
        yield Field(
            path, _kind(part), name in schema.get("required", ()), part.get("description", "")
        )
        yield from _fields(part, f"{path}.")
        yield from _fields(_whole(part.get("items", {})), f"{path}[].")


def _whole(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema with all parts of `allOf`. An `anyOf` of null and another type becomes that type with `or_null`."""
    whole: dict[str, Any] = {"properties": {}, "required": []}
    others = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    for part in (*schema.get("allOf", ()), *others, schema):
        if "if" in part:
            continue
        inner = part if part is schema else _whole(part)
        whole["properties"] |= inner.get("properties", {})
        whole["required"] = [*whole["required"], *inner.get("required", ())]
        whole |= {k: v for k, v in inner.items() if k not in ("properties", "required", "allOf")}
    if len(others) < len(schema.get("anyOf", ())):
        whole["or_null"] = True
    return whole


def _kind(schema: Mapping[str, Any]) -> str:
    """A type and its bounds in words: `integer or null, from 0`."""
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return " · ".join("null" if each is None else str(each) for each in schema["enum"])
    types = schema.get("type", "any")
    kind = " or ".join(types) if isinstance(types, list) else str(types)
    if "items" in schema:
        kind += f" of {_kind(_whole(schema['items']))}"
    bounds = [words.format(schema[key]) for key, words in BOUNDS.items() if key in schema]
    return ", ".join([kind + (" or null" if schema.get("or_null") else ""), *bounds])
