"""The compatibility check against random schemas and data: what it passes may refuse nothing."""

from __future__ import annotations

import copy

import jsonschema
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.contract.compatibility import problems

NAMES = ["a", "b", "c"]

strings = st.fixed_dictionaries(
    {"type": st.just("string")},
    optional={
        "minLength": st.integers(0, 2),
        "maxLength": st.integers(1, 3),
        "pattern": st.sampled_from(["^x", "^(x|y)$", "^(y|x|xx)$", "^(y)$"]),
        "enum": st.lists(st.sampled_from(["x", "y", "xx"]), min_size=1, unique=True),
    },
)
numbers = st.fixed_dictionaries(
    {"type": st.sampled_from(["integer", "number"])},
    optional={"minimum": st.integers(-1, 1), "maximum": st.integers(0, 2)},
)
plain = st.one_of(strings, numbers, st.sampled_from([{"type": "null"}, {"type": "boolean"}, {}]))


def objects(inner):
    properties = st.dictionaries(st.sampled_from(NAMES), inner, max_size=3)
    return st.fixed_dictionaries(
        {"type": st.just("object"), "properties": properties},
        optional={
            "required": st.lists(st.sampled_from(NAMES), unique=True),
            "additionalProperties": st.one_of(st.booleans(), inner),
        },
    )


def arrays(inner):
    bounds = {"minItems": st.integers(0, 2), "maxItems": st.integers(1, 2)}
    return st.fixed_dictionaries({"type": st.just("array"), "items": inner}, optional=bounds)


def alternatives(inner):
    return st.fixed_dictionaries({"anyOf": st.lists(inner, min_size=1, max_size=3)})


schemas = st.recursive(
    plain, lambda inner: st.one_of(objects(inner), arrays(inner), alternatives(inner)), max_leaves=5
)
values = st.recursive(
    st.sampled_from([None, True, False, 0, 1, 2, -1, 0.5, 1.0, "", "x", "y", "xx", "xyz"]),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(NAMES), inner, max_size=3)
    ),
    max_leaves=6,
)


def places(schema):
    """Every subschema, so that a change can be made anywhere."""
    yield schema
    for inner in schema.get("properties", {}).values():
        yield from places(inner)
    for inner in schema.get("anyOf", ()):
        yield from places(inner)
    for name in ("items", "additionalProperties"):
        if isinstance(schema.get(name), dict):
            yield from places(schema[name])


@st.composite
def schema_and_successor(draw):
    """A schema and what a later author made of it: one or two keywords changed, or all new."""
    old = draw(schemas)
    if draw(st.integers(0, 4)) == 0:
        return old, draw(schemas)
    new = copy.deepcopy(old)
    for _ in range(draw(st.integers(1, 2))):
        place = draw(st.sampled_from(list(places(new))))
        if place and draw(st.booleans()):
            place.pop(draw(st.sampled_from(sorted(place))))
        else:
            other = copy.deepcopy(draw(schemas))
            if other:
                name = draw(st.sampled_from(sorted(other)))
                place[name] = other[name]
    return old, new


def names_something_new(value, new, old):
    """Whether the value has a field that only the new schema knows: let through on purpose."""
    if isinstance(value, dict):
        known_before = {n for place in places(old) for n in place.get("properties", {})}
        known_now = {n for place in places(new) for n in place.get("properties", {})}
        inner = value.values()
        return bool(set(value) & (known_now - known_before)) or any(
            names_something_new(v, new, old) for v in inner
        )
    return isinstance(value, list) and any(names_something_new(v, new, old) for v in value)


@settings(max_examples=400, deadline=None)
@given(pair=schema_and_successor(), candidates=st.lists(values, min_size=1, max_size=12))
def test_what_the_check_passes_accepts_all_that_was_accepted(pair, candidates):
    old, new = pair
    assume(problems(new, old) == [])
    before, now = (jsonschema.Draft202012Validator(s) for s in (old, new))
    for value in candidates:
        if before.is_valid(value) and not names_something_new(value, new, old):
            assert now.is_valid(value)


@given(schema=schemas)
def test_every_schema_is_compatible_with_itself(schema):
    assert problems(schema, copy.deepcopy(schema)) == []
