"""Is a schema BACKWARD compatible: does it accept whatever an older one accepted?

Decides for the subset of JSON Schema that schemas/ uses; a change of anything else is reported, so
that a new keyword cannot pass unexamined. `test_compatibility.py` holds it against random data.

One thing is let through on purpose, as every registry's default rules for open records do: a new
optional property may have a type, although an old writer could have used its name for something
else among the fields that readers ignore.
"""

from __future__ import annotations

from typing import Any

EXAMINED = {"type", "properties", "required", "items", "anyOf", "$ref", "enum", "minLength",
            "maxLength", "minimum", "maximum", "minItems", "maxItems", "additionalProperties",
            "not", "pattern"}  # fmt: skip
IGNORED = {"$schema", "$id", "title", "description", "default", "$defs"}
LOWER = ("minLength", "minimum", "minItems")
UPPER = ("maxLength", "maximum", "maxItems")


def problems(new: dict[str, Any], old: dict[str, Any]) -> list[str]:
    """Every place at which data that `old` accepts could be refused by `new`."""
    return _compare(new, old, new.get("$defs", {}), old.get("$defs", {}), "$")


def _resolve(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    reference = schema.get("$ref")
    return definitions[reference.removeprefix("#/$defs/")] if reference else schema


def _types(schema: dict[str, Any]) -> set[str]:
    kind = schema.get("type")
    found = set(kind) if isinstance(kind, list) else {kind} if kind else set()
    return found | {"integer"} if "number" in found else found


def _compare(new, old, new_defs, old_defs, path) -> list[str]:
    new, old = _resolve(new, new_defs), _resolve(old, old_defs)
    unknown = {k for k in set(new) | set(old) if new.get(k) != old.get(k)} - EXAMINED - IGNORED
    found = [f"{path}: keyword {name} is not examined" for name in sorted(unknown)]
    # Alternatives: each old one must be accepted by some new one.
    old_options = old.get("anyOf", [old]) if "properties" not in old else [old]
    new_options = new.get("anyOf", [new]) if "properties" not in new else [new]
    if len(old_options) > 1 or len(new_options) > 1:
        for option in old_options:
            tries = [_compare(n, option, new_defs, old_defs, path) for n in new_options]
            if all(tries):
                found += min(tries, key=len)
        return found
    if "properties" in new and "anyOf" in new and new.get("anyOf") != old.get("anyOf"):
        found.append(f"{path}: the combination of required fields changed")
    if _types(new) and not (_types(old) and _types(old) <= _types(new)):
        found.append(f"{path}: type narrowed from {sorted(_types(old))} to {sorted(_types(new))}")
    if "enum" in new and not ("enum" in old and set(old["enum"]) <= set(new["enum"])):
        found.append(f"{path}: enum narrowed")
    for name in LOWER:
        if name in new and new[name] > old.get(name, float("-inf")):
            found.append(f"{path}: {name} raised")
    for name in UPPER:
        if name in new and new[name] < old.get(name, float("inf")):
            found.append(f"{path}: {name} lowered")
    for name in ("not", "pattern"):
        if name in new and new[name] != old.get(name):
            found.append(f"{path}: `{name}` added or changed")
    rest, rest_before = (s.get("additionalProperties", True) for s in (new, old))
    if rest is False:
        if rest_before is not False:
            found.append(f"{path}: unknown fields are no longer allowed")
        gone = set(old.get("properties", {})) - set(new.get("properties", {}))
        found += [f"{path}.{name}: no longer allowed" for name in sorted(gone)]
    elif isinstance(rest, dict) and rest_before is not False:
        before = {} if rest_before is True else rest_before
        found += _compare(rest, before, new_defs, old_defs, f"{path}.*")
    for name in sorted(set(new.get("required", ())) - set(old.get("required", ()))):
        found.append(f"{path}.{name}: became required")
    for name, schema in new.get("properties", {}).items():
        before = old.get("properties", {}).get(name)
        if before is None:
            continue  # an old writer's unknown field of this name is not in any golden promise
        found += _compare(schema, before, new_defs, old_defs, f"{path}.{name}")
    if "items" in new:
        found += _compare(new["items"], old.get("items", {}), new_defs, old_defs, f"{path}[]")
    return found
