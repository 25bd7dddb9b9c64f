"""What the decoder lets pass beyond a schema, said slowly: wrong optional fields are gone."""

from __future__ import annotations

import re
from typing import Any

import jsonschema

REFUSED = {"products", "attributes"}  # optional, and never left out
IDENTITIES = {"user_id", "anonymous_id"}  # only where they are empty
NUMBER = re.compile(r"[+-]?(\d{1,18}(\.\d+)?|\.\d+)([eE][+-]?\d{1,2})?", re.ASCII)


def without_wrong_options(schema: dict[str, Any], document: Any) -> Any:
    """The document without optional fields that the schema refuses, also in the lines of an order;
    numbers as text are numbers."""
    if not isinstance(document, dict):
        return document
    found = dict(document)
    for name, rule in schema["properties"].items():
        if name in schema.get("required", ()) or name in REFUSED or name not in found:
            continue
        value = found[name]
        if _valid(schema, rule, value) or (name in IDENTITIES and value != ""):
            continue
        del found[name]
        if isinstance(value, str) and NUMBER.fullmatch(value.strip()):
            number = float(value)
            if _valid(schema, rule, number):
                found[name] = number
    line = schema.get("$defs", {}).get("OrderLine")
    if line and isinstance(found.get("products"), list):
        found["products"] = [without_wrong_options(line, each) for each in found["products"]]
    return found


def _valid(schema: dict[str, Any], rule: dict[str, Any], value: Any) -> bool:
    whole = rule | {"$defs": schema.get("$defs", {})}
    return jsonschema.Draft202012Validator(whole).is_valid(value)
