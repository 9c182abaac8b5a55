"""Generates the AsyncAPI document of the topics and schemas. `python -m agents.generate.asyncapi` writes it and its page.

It covers the topics that other systems write or read. Topics between parts of the service are left out.
"""

import json
from importlib.metadata import version
from typing import Any, Final

import yaml

import schemas
from schemas.files import HOME

PAGE: Final = HOME / "asyncapi.yaml"
FORMAT: Final = "application/schema+json;version=draft-07"
OURS: Final = {"worker", "sender"}
OTHERS: Final = "storefront"
OF_HEADERS: Final = ("rejected", "undelivered", "unreadable")
MADE: Final = "# Made by `python -m agents.generate.asyncapi` from topics.yaml and the schemas: do not edit.\n"


def document() -> dict[str, Any]:
    """The document, AsyncAPI 3.1. Its references are relative to the folder of the schemas."""
    topics = [topic for topic in schemas.load("topics")["topics"] if not topic.get("internal")]
    return {
        "asyncapi": "3.1.0",
        "info": {
            "title": "Storefront triggers",
            "version": version("storefront-triggers"),
            "description": "What storefronts send, and what the service answers.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {_id(topic): _channel(topic) for topic in topics},
        "operations": {_id(topic): _operation(topic) for topic in topics},
        "components": {
            "messages": {
                _message_id(name): _message(name) for topic in topics for name in _names(topic)
            }
        },
    }


def _id(topic: dict[str, Any]) -> str:
    return str(topic["name"]).replace("<recipe>", "recipe").replace(".", "-")


def _names(topic: dict[str, Any]) -> list[str]:
    """The names of the schemas of a topic's messages."""
    return [name for each in topic["schemas"] for name in schemas.names(each) or (each,)]


def _message_id(name: str) -> str:
    return name.rpartition("/")[2].replace(".", "-")


def _channel(topic: dict[str, Any]) -> dict[str, Any]:
    channel: dict[str, Any] = {
        "address": topic["name"].replace("<recipe>", "{recipe}"),
        "description": topic["about"],
        "messages": {
            _message_id(name): {"$ref": f"#/components/messages/{_message_id(name)}"}
            for name in _names(topic)
        },
        "bindings": {"kafka": {"topicConfiguration": {"cleanup.policy": [topic["cleanup"]]}}},
    }
    if "<recipe>" in topic["name"]:
        channel["parameters"] = {"recipe": {"description": "The name of a recipe."}}
    return channel


def _operation(topic: dict[str, Any]) -> dict[str, Any]:
    """`receive` for a topic that storefronts write, even if a bridge may write it too; otherwise `send`."""
    writers = {*topic["writers"]}
    return {
        "action": "receive" if OTHERS in writers and not OURS & writers else "send",
        "channel": {"$ref": f"#/channels/{_id(topic)}"},
        "description": f"Key: {topic['key']}.",
    }


def _message(name: str) -> dict[str, Any]:
    """A message. For the schemas of OF_HEADERS it describes the headers: the value is then the original bytes."""
    schema = schemas.load(name)
    message: dict[str, Any] = {"name": name.rpartition("/")[2], "title": schema["title"]}
    message["summary"] = schema["description"]
    reference = {"schemaFormat": FORMAT, "schema": {"$ref": f"./{name}.json"}}
    part = "headers" if name in OF_HEADERS else "payload"
    return {**message, part: reference, "examples": [{part: example(name)}]}


def example(name: str) -> Any:
    """The longest valid example of a schema: it shows most fields."""
    files = sorted((HOME / "examples" / name / "valid").glob("*.json"))
    return json.loads(max((file.read_text(encoding="utf-8") for file in files), key=len))


def text() -> str:
    """The document as YAML."""
    return MADE + yaml.safe_dump(document(), sort_keys=False, allow_unicode=True, width=100)


if __name__ == "__main__":
    from agents.generate import asyncapi_html

    PAGE.write_text(text(), encoding="utf-8")
    asyncapi_html.PAGE.write_text(asyncapi_html.text(), encoding="utf-8")
