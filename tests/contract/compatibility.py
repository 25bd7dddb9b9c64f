"""Is a schema BACKWARD compatible: does it accept whatever an older one accepted?

Decides for the subset of JSON Schema that schemas/ uses; a change of anything else is reported, so
that a new keyword cannot pass unexamined. It errs on the side of reporting: an empty answer is a
promise, which `test_compatibility.py` holds against random schemas and data.

One thing is let through on purpose, as is usual for records that may have more fields: a new
optional property may have a type, although an old writer could have used its name for something
else among the fields that readers ignore. The name must be new to the whole schema: one that
another place had already may well be in use here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

Schema = dict[str, Any]

IGNORED = {"$schema", "$id", "$defs", "title", "description", "default"}  # constrain nothing
LOWER = ("minLength", "minimum", "minItems")
UPPER = ("maxLength", "maximum", "maxItems")
EQUAL = ("not", "pattern")  # no telling which of two is wider
_WORDS = re.compile(r"\^\(([\w-]+(?:\|[\w-]+)*)\)\$")  # as `one_of` writes it
EXAMINED = {"type", "enum", "required", "properties", "additionalProperties", "items",
            *LOWER, *UPPER, *EQUAL}  # fmt: skip


def problems(new: Schema, old: Schema) -> list[str]:
    """Every place at which data that `old` accepts could be refused by `new`."""
    check = _Check(new.get("$defs", {}), old.get("$defs", {}), frozenset(_names(old)))
    return check.compare(new, old, "$")


@dataclass(frozen=True)
class _Check:
    """A schema is the conjunction of its own keywords and of its `anyOf`."""

    new_definitions: dict[str, Schema]
    old_definitions: dict[str, Schema]
    old_names: frozenset[str]  # of fields, anywhere in the old schema

    def compare(self, new: Schema, old: Schema, path: str) -> list[str]:
        new, choices = _parts(_resolve(new, self.new_definitions))
        old, old_choices = _parts(_resolve(old, self.old_definitions))
        found = self._keywords(new, old, path)
        if found and old_choices is not None:
            # What the old keywords do not promise, each of the old alternatives may.
            each = [p for choice in old_choices for p in self.compare(new, choice, path)]
            found = min(found, each, key=len)
        if choices is None or (
            choices == old_choices and self.new_definitions == self.old_definitions
        ):
            return found
        for promised in old_choices if old_choices is not None else [old]:
            # Old data keeps to the alternative and to the old keywords: one that fits is enough.
            tries = [
                self.compare(choice, known, path) for choice in choices for known in (promised, old)
            ]
            if all(tries):
                found += min(tries, key=len)
        return found

    def _keywords(self, new: Schema, old: Schema, path: str) -> list[str]:
        changed = {k for k in set(new) | set(old) if new.get(k) != old.get(k)}
        found = [f"{path}: keyword {name} is not examined" for name in sorted(changed - EXAMINED)]
        types, types_before = _types(new), _types(old)
        if types and not (types_before and types_before <= types):
            found.append(f"{path}: type narrowed from {types_before or 'any'} to {types}")
        if "enum" in new and not ("enum" in old and set(old["enum"]) <= set(new["enum"])):
            found.append(f"{path}: enum narrowed")
        for name in LOWER:
            if name in new and new[name] > old.get(name, float("-inf")):
                found.append(f"{path}: {name} raised")
        for name in UPPER:
            if name in new and new[name] < old.get(name, float("inf")):
                found.append(f"{path}: {name} lowered")
        for name in EQUAL:
            if name in new and new[name] != old.get(name) and not _more_words(new, old, name):
                found.append(f"{path}: `{name}` added or changed")
        for name in sorted(set(new.get("required", ())) - set(old.get("required", ()))):
            found.append(f"{path}.{name}: became required")
        if "items" in new:
            found += self.compare(new["items"], old.get("items", {}), f"{path}[]")
        return found + self._fields(new, old, path)

    def _fields(self, new: Schema, old: Schema, path: str) -> list[str]:
        found: list[str] = []
        properties, before = new.get("properties", {}), old.get("properties", {})
        rest, rest_before = (s.get("additionalProperties", True) for s in (new, old))
        for name in sorted(set(properties) & set(before)):
            found += self.compare(properties[name], before[name], f"{path}.{name}")
        if rest_before is not False:
            known = {} if rest_before is True else rest_before
            for name in sorted((set(properties) - set(before)) & self.old_names):
                found += self.compare(properties[name], known, f"{path}.{name}")
        for name in sorted(set(before) - set(properties)):  # now one of the rest
            if rest is False:
                found.append(f"{path}.{name}: no longer allowed")
            elif isinstance(rest, dict):
                found += self.compare(rest, before[name], f"{path}.{name}")
        if rest is False and rest_before is not False:
            found.append(f"{path}: unknown fields are no longer allowed")
        elif isinstance(rest, dict) and rest_before is not False:
            known = {} if rest_before is True else rest_before
            found += self.compare(rest, known, f"{path}.*")
        return found


def _more_words(new: Schema, old: Schema, name: str) -> bool:
    """Whether both are patterns that list whole words, and the new one has all of the old."""
    lists = [_WORDS.fullmatch(str(schema.get(name, ""))) for schema in (new, old)]
    if name != "pattern" or None in lists:
        return False
    now, before = (set(found[1].split("|")) for found in lists if found is not None)
    return before <= now


def _names(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        properties = schema.get("properties")
        if isinstance(properties, dict):
            yield from properties
        for inner in schema.values():
            yield from _names(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from _names(inner)


def _resolve(schema: Schema, definitions: dict[str, Schema]) -> Schema:
    reference = schema.get("$ref")
    return definitions[reference.removeprefix("#/$defs/")] if reference else schema


def _parts(schema: Schema) -> tuple[Schema, list[Schema] | None]:
    own = {k: v for k, v in schema.items() if k not in IGNORED and k != "anyOf"}
    return own, schema.get("anyOf")


def _types(schema: Schema) -> set[str]:
    kind = schema.get("type")
    found = set(kind) if isinstance(kind, list) else {kind} if kind else set()
    return found | {"integer"} if "number" in found else found
