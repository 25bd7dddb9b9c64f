"""schemas/ is what the code checks: generated, golden, compatible with every earlier version."""

from __future__ import annotations

import copy
import inspect
import json
from pathlib import Path
from types import SimpleNamespace

import jsonschema
import msgspec
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.decoder import EventDecoder
from shopkeeper.shared.contracts.envelope import Event, Rejected
from shopkeeper.shared.contracts.events.shop import SHOP_TYPES, is_nobody
from shopkeeper.shared.contracts.goods import OF_PRODUCT
from shopkeeper.shared.contracts.outputs import OUTPUT_TYPES, decode, encode
from shopkeeper.shared.contracts.schemas import ALL_TYPES, asyncapi, files, newest, schema_of
from shopkeeper.shared.contracts.vocabularies.base import ADDED, ORDERED
from tests.contract.compatibility import problems
from tests.contract.optional_fields import without_wrong_options

SCHEMAS = Path(__file__).parents[2] / "schemas"
GOLDEN = [
    pytest.param(suffix, message, id=f"{suffix}:{message['name']}")
    for suffix in ALL_TYPES
    for message in orjson.loads((SCHEMAS / "golden" / f"{suffix}.json").read_bytes())
]
GOLDEN_SHOP = [p for p in GOLDEN if p.values[0] in SHOP_TYPES]
GOLDEN_OUTPUT = [p for p in GOLDEN if p.values[0] in OUTPUT_TYPES]
GOLDEN_WITH_VALUE = [p for p in GOLDEN_SHOP if p.values[1]["value"] is not None]
TOPIC_OF = {t: topic.name for topic in topics.ALL for t in topic.types}


def validator(suffix: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(schema_of(suffix))


def record(message, value=..., offset=7):
    body = message["value"] if value is ... else value
    return SimpleNamespace(
        offset=offset, partition=0, timestamp=1_772_357_400_250, key=message["key"].encode(),
        value=None if body is None else json.dumps(body).encode(),
        headers=[(k, v.encode()) for k, v in message["headers"].items()],
    )  # fmt: skip


def decoder(suffix: str) -> EventDecoder:
    topic = topics.BY_NAME[TOPIC_OF[suffix]]
    return EventDecoder(topic.name, topic.types, topic.owner, "com.example.shop.")


@pytest.mark.parametrize("name", sorted(files()))
def test_the_files_are_what_the_structs_say(name):
    current = (SCHEMAS / name).read_bytes()
    assert current == files()[name], "run: python -m shopkeeper.shared.contracts.schemas"


def descriptions(value):
    for key, each in value.items() if isinstance(value, dict) else enumerate(value):
        if key == "description" and isinstance(each, str):
            yield each
        elif isinstance(each, dict | list):
            yield from descriptions(each)


@pytest.mark.parametrize("suffix", ALL_TYPES)
def test_descriptions_have_no_indentation_which_python_3_13_would_strip(suffix):
    said = list(descriptions(schema_of(suffix)))
    assert said
    assert said == [inspect.cleandoc(each) for each in said]


@pytest.mark.parametrize("suffix", ALL_TYPES)
def test_every_schema_is_a_valid_schema_with_golden_messages_and_history(suffix):
    jsonschema.Draft202012Validator.check_schema(schema_of(suffix))
    assert orjson.loads((SCHEMAS / "golden" / f"{suffix}.json").read_bytes())
    assert (SCHEMAS / "history" / suffix / "1.json").exists()


@pytest.mark.parametrize(("suffix", "message"), GOLDEN)
def test_golden_messages_are_valid(suffix, message):
    if message["value"] is not None:
        validator(suffix).validate(message["value"])
    assert message["headers"]["ce_type"].endswith(f".{suffix}")


@pytest.mark.parametrize(("suffix", "message"), GOLDEN_SHOP)
def test_golden_shop_messages_pass_the_decoder_and_encode_back_unchanged(suffix, message):
    [event] = decoder(suffix).decode([record(message)])
    assert isinstance(event, Event)
    assert (event.type, event.offset, event.key) == (suffix, 7, message["key"].encode())
    assert event.id == message["headers"]["ce_id"]
    assert event.time_ms == 1_772_357_400_250
    if message["value"] is None:
        assert event.data is None
    else:
        assert orjson.loads(orjson.dumps(without_nulls(event.data))) == message["value"]


def without_nulls(struct):
    def clean(value):
        if isinstance(value, dict):
            return {k: clean(v) for k, v in value.items() if v is not None}
        return [clean(v) for v in value] if isinstance(value, list) else value

    return clean(msgspec.to_builtins(struct))


@pytest.mark.parametrize(("suffix", "message"), GOLDEN_WITH_VALUE)
def test_structured_mode_and_bare_json_say_the_same_as_binary_mode(suffix, message):
    [binary] = decoder(suffix).decode([record(message)])
    headers = message["headers"]
    envelope = {
        "specversion": "1.0", "id": headers["ce_id"], "source": headers["ce_source"],
        "type": headers["ce_type"], "time": headers["ce_time"], "data": message["value"],
    }  # fmt: skip
    structured = record(
        message | {"headers": {"content-type": "application/cloudevents+json; charset=UTF-8"}},
        envelope,
    )
    bare = record(
        message | {"headers": {}}, message["value"] | {"type": suffix, "time": headers["ce_time"]}
    )
    framed = record(message)
    framed.value = b"\x00\x00\x00\x00\x2a" + framed.value
    for other in (structured, bare, framed):
        [event] = decoder(suffix).decode([other])
        assert isinstance(event, Event), event
        assert (event.type, event.data, event.time_ms) == (suffix, binary.data, binary.time_ms)


@pytest.mark.parametrize(("suffix", "message"), GOLDEN_OUTPUT)
def test_golden_outputs_decode_and_encode_back_unchanged(suffix, message):
    value = decode(suffix, orjson.dumps(message["value"]))
    assert orjson.loads(encode(value)) == message["value"]


def leaves(value, path=()):
    if isinstance(value, dict):
        for k, v in value.items():
            yield (*path, k)
            yield from leaves(v, (*path, k))
    elif isinstance(value, list):
        for i, v in enumerate(value):
            yield from leaves(v, (*path, i))


BAD = st.sampled_from(
    [None, "", 0, 1.5, 3.0, -0.0, True, [], {}, [1], [{}], "x" * 512, "x" * 513, "鞋" * 512, "\x00",
     -1, 5, 5.0000001, 6, 2**63, 10**30, 1e308, "ok", "3", " "]
)  # fmt: skip


@pytest.mark.parametrize(("suffix", "message"), GOLDEN_WITH_VALUE)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_what_breaks_the_schema_is_refused_or_only_an_optional_field_that_is_left_out(
    suffix, message, data
):
    value = copy.deepcopy(message["value"])
    path = data.draw(st.sampled_from(list(leaves(value))))
    holder = value
    for step in path[:-1]:
        holder = holder[step]
    if data.draw(st.booleans()):
        holder.pop(path[-1])
    else:
        holder[path[-1]] = data.draw(BAD)
    user = value.get("user_id") or value.get("anonymous_id")
    if suffix == "user.profiled.v1" and isinstance(user, str):  # of another key it is refused
        message = message | {"key": user}
    if suffix == "order.updated.v1" and isinstance(value.get("order_id"), str):
        message = message | {"key": value["order_id"]}
    [verdict] = decoder(suffix).decode([record(message, value)])
    assert isinstance(verdict, Event | Rejected)
    mended = without_wrong_options(schema_of(suffix), value)
    wanted = validator(suffix).is_valid(mended) and means_something(suffix, mended)
    assert isinstance(verdict, Event) == wanted, (path, value)


def means_something(suffix, value):
    """Whether products are named and were bought or put into the cart: which words are none, and
    that what came back was not bought, no schema can say without narrowing a frozen one."""
    lines = value["products"] if suffix == "order.completed.v1" else [value]
    if suffix not in ("order.completed.v1", *OF_PRODUCT):
        return True
    bought = [
        line for line in lines
        if not ((line.get("quantity") or 0) < 0 and suffix in (ORDERED, ADDED))
    ]  # fmt: skip
    return any(not is_nobody(line["product_id"]) for line in bought)


@pytest.mark.parametrize("suffix", ALL_TYPES)
def test_every_schema_accepts_what_earlier_ones_did(suffix):
    for path in sorted((SCHEMAS / "history" / suffix).glob("*.json")):
        assert problems(schema_of(suffix), orjson.loads(path.read_bytes())) == [], path.name


@pytest.mark.parametrize("suffix", ALL_TYPES)
def test_the_current_schema_is_frozen_as_the_newest_version(suffix):
    history = SCHEMAS / "history" / suffix
    numbers = sorted(int(path.stem) for path in history.glob("*.json"))
    assert numbers == list(range(1, len(numbers) + 1))
    assert newest(history).read_bytes() == (SCHEMAS / f"{suffix}.json").read_bytes()


def test_history_holds_no_type_that_is_gone():
    assert {path.name for path in (SCHEMAS / "history").iterdir()} == set(ALL_TYPES)


def changed(change):
    schema = copy.deepcopy(schema_of("order.completed.v1"))
    change(schema)
    return schema


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s["required"].append("total"),
        lambda s: s["properties"]["order_id"].update(maxLength=10),
        lambda s: s["properties"]["order_id"].update(minLength=2),
        lambda s: s["properties"].update(order_id={"type": "integer"}),
        lambda s: s["properties"]["currency"]["anyOf"].pop(),
        lambda s: s["properties"]["currency"]["anyOf"][0].update(enum=["EUR"]),
        lambda s: s["properties"]["products"].update(minItems=2),
        lambda s: s["$defs"]["OrderLine"]["required"].append("price"),
        lambda s: s.update(additionalProperties=False),
        lambda s: s["properties"]["order_id"].update(pattern="^o"),
        lambda s: s["properties"]["order_id"].update(pattern="^(a|b)$"),
        lambda s: s["properties"]["order_id"].update(format="uuid"),
        lambda s: s.update(additionalProperties={"type": "string"}),
        lambda s: s.update(anyOf=[{"required": ["user_id"]}]),
    ],
)
def test_the_compatibility_check_finds_every_narrowing(change):
    assert problems(changed(change), schema_of("order.completed.v1"))


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s["properties"].update(coupon={"type": "string"}),
        lambda s: s["required"].remove("order_id"),
        lambda s: s["properties"]["order_id"].update(maxLength=9999),
        lambda s: s["properties"]["currency"]["anyOf"].append({"type": "integer"}),
        lambda s: s.update(description="better said"),
    ],
)
def test_the_compatibility_check_allows_every_widening(change):
    assert problems(changed(change), schema_of("order.completed.v1")) == []


@pytest.mark.parametrize(
    ("before", "now", "wider"),
    [
        ("^(a|b)$", "^(b|c|a)$", True),
        ("^(a|b)$", "^(a|c)$", False),
        ("^(ab)$", "^(a.|ab)$", False),  # not a list of words
        ("^a$", "^(a|b)$", False),
    ],
)
def test_a_pattern_that_lists_words_may_list_more(before, now, wider):
    old, new = ({"type": "string", "pattern": pattern} for pattern in (before, now))
    assert (problems(new, old) == []) is wider


def test_asyncapi_names_every_public_topic_and_only_files_that_exist():
    document = asyncapi()
    assert document["asyncapi"] == "3.0.0"
    assert set(document["channels"]) == {t.name for t in topics.ALL if not t.internal}
    for message in document["components"]["messages"].values():
        assert (SCHEMAS / message["payload"]["$ref"]).exists()
    for operation in document["operations"].values():
        channel = operation["channel"]["$ref"].removeprefix("#/channels/")
        assert channel in document["channels"]
        for reference in operation["messages"]:
            name = reference["$ref"].rsplit("/", 1)[1]
            assert name in document["channels"][channel]["messages"]
            assert name in document["components"]["messages"]
