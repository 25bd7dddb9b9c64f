"""Writes schemas/ from the structs: JSON Schema 2020-12 per event type, and AsyncAPI 3.

`python -m shopkeeper.shared.contracts.schemas` writes the files; a contract test fails when they
are not current, so what producers read and what the decoder checks cannot drift apart.
"""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import msgspec
import orjson

import shopkeeper

from . import topics
from .events.shop import (
    NOBODY,
    SHOP_TYPES,
    AnswerRated,
    Customer,
    OrderUpdated,
    ProductReviewed,
    QuestionAsked,
)
from .outputs import OUTPUT_TYPES

BASE = "https://shopkeeper.invalid/schemas/"  # an identifier, not an address
ALL_TYPES: dict[str, type[msgspec.Struct]] = {**SHOP_TYPES, **OUTPUT_TYPES}


def _one_of_required(*names: str) -> list[dict[str, Any]]:
    return [{"required": [n], "properties": {n: {"not": {"type": "null"}}}} for n in names]


def _rules(struct: type[msgspec.Struct]) -> dict[str, Any]:
    """What the structs check in `__post_init__`, which msgspec cannot know."""
    if issubclass(struct, Customer) and struct not in (QuestionAsked, AnswerRated):
        return {"anyOf": _one_of_required("user_id", "anonymous_id")}
    if struct is ProductReviewed:
        text, rating = _one_of_required("review_body", "rating")
        text["properties"]["review_body"]["not"] = {"enum": [None, ""]}
        return {"anyOf": [text, rating]}
    if struct is OrderUpdated:
        nobody = {"anyOf": [{"enum": sorted(NOBODY)}, {"pattern": r"^\s+$"}]}
        return {"not": {"required": ["user_id"], "properties": {"user_id": nobody}}}
    return {}


def _undented(value: Any) -> Any:
    """A schema whose descriptions are the same on every Python: 3.13 compiles docstrings without
    the indentation of their further lines, earlier ones keep it."""
    if isinstance(value, list):
        return [_undented(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        key: inspect.cleandoc(each)
        if key == "description" and isinstance(each, str)
        else _undented(each)
        for key, each in value.items()
    }


def schema_of(suffix: str) -> dict[str, Any]:
    """The JSON Schema of one event type's data."""
    struct = ALL_TYPES[suffix]
    generated = _undented(msgspec.json.schema(struct))
    definitions = generated.pop("$defs", {})
    root = definitions.pop(struct.__name__)
    schema: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{BASE}{suffix}.json",
        **root,
        "title": suffix,
        **_rules(struct),
    }
    if definitions:
        schema["$defs"] = definitions
    return schema


def asyncapi() -> dict[str, Any]:
    """AsyncAPI 3.0: every public topic as a channel, every type as a message."""
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    for topic in topics.ALL:
        if topic.internal:
            continue
        messages = {t: {"$ref": f"#/components/messages/{t}"} for t in topic.types}
        channels[topic.name] = {
            "address": topic.name,
            "description": f"Keyed by {topic.key}; cleanup policy {topic.cleanup}.",
            "messages": messages,
            "bindings": {
                "kafka": {
                    "topic": topic.name,
                    "topicConfiguration": {
                        "cleanup.policy": [topic.cleanup],
                        "retention.ms": -1 if topic.retention_ms is None else topic.retention_ms,
                        "max.message.bytes": topic.message_bytes_max,
                    },
                    "bindingVersion": "0.5.0",
                }
            },
        }
        action = "receive" if "shop" in topic.producers else "send"
        operations[f"{action}.{topic.name}"] = {
            "action": action,
            "channel": {"$ref": f"#/channels/{topic.name}"},
            "messages": [{"$ref": f"#/channels/{topic.name}/messages/{t}"} for t in topic.types],
        }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Shopkeeper",
            "version": shopkeeper.__version__,
            "description": (
                "Events of a shop in; intents, sentiments, recommendations and answers out. "
                "Operations are from Shopkeeper's side."
            ),
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {
            "messages": {
                suffix: {
                    "name": suffix,
                    "contentType": "application/json",
                    "headers": {"$ref": "#/components/schemas/cloudEventsHeaders"},
                    "payload": {"$ref": f"./{suffix}.json"},
                    "bindings": {"kafka": {"key": {"type": "string"}, "bindingVersion": "0.5.0"}},
                }
                for suffix in ALL_TYPES
            },
            "schemas": {
                "cloudEventsHeaders": {
                    "type": "object",
                    "description": "CloudEvents 1.0, Kafka binary mode.",
                    "properties": {
                        name: {"type": "string"}
                        for name in (
                            "content-type",
                            "ce_specversion",
                            "ce_id",
                            "ce_source",
                            "ce_type",
                            "ce_time",
                            "ce_subject",
                            "ce_dataschema",
                            "ce_causationid",
                            "ce_correlationid",
                            "traceparent",
                        )
                    },
                }
            },
        },
    }


def files() -> dict[str, bytes]:
    """Every generated file of schemas/: name -> content."""

    def pretty(document: dict[str, Any]) -> bytes:
        return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)

    written = {f"{suffix}.json": pretty(schema_of(suffix)) for suffix in ALL_TYPES}
    written["asyncapi.json"] = pretty(asyncapi())
    return written


def newest(history: Path) -> Path | None:
    """The last frozen version in history/<type>/: the file with the highest number."""
    return max(history.glob("*.json"), key=lambda path: int(path.stem), default=None)


def main() -> None:
    """Write the files; a schema that differs from its newest frozen version is frozen as the next.

    Which versions are compatible is for the contract test to say, not for this.
    """
    folder = Path(__file__).resolve().parents[2] / "schemas"
    for name, content in files().items():
        (folder / name).write_bytes(content)
    for suffix in ALL_TYPES:
        history = folder / "history" / suffix
        history.mkdir(parents=True, exist_ok=True)
        current, last = (folder / f"{suffix}.json").read_bytes(), newest(history)
        if last is None or last.read_bytes() != current:
            number = 1 if last is None else int(last.stem) + 1
            (history / f"{number}.json").write_bytes(current)
            print(f"{suffix}: frozen as version {number}")
    print(f"{len(files())} files in {folder.name}/")


if __name__ == "__main__":
    main()
