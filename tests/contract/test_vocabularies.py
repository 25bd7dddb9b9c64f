"""Other vocabularies: the page's examples and the golden messages give what they say they give."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.decoder import EventDecoder
from shopkeeper.shared.contracts.envelope import Event, Rejected, Several
from shopkeeper.shared.contracts.vocabularies import ga4, segment, shopify, snowplow, woocommerce
from shopkeeper.shared.contracts.vocabularies.base import NOT_OURS
from shopkeeper.shared.contracts.vocabularies.recognition import kind_of

ROOT = Path(__file__).parents[2]
PAGES = ("vocabularies.md", "vocabularies.zh.md")
PAIR = re.compile(r"^```json([^\n]*)\n(.*?)^```\n\n```text\n(.*?)^```", re.MULTILINE | re.DOTALL)
ROW = re.compile(r"^\| (`.+?) \| (.+) \|$", re.MULTILINE)
GOLDEN = sorted((ROOT / "schemas" / "golden" / "vocabularies").glob("*.json"))
TIME_MS = 1_795_860_000_000  # 2026-11-28T10:00:00Z
SKIPPED = ("skipped", "跳过")


def verdicts(topic, value, headers=(), key=b"k"):
    spec = topics.BY_NAME[topic]
    decoder = EventDecoder(topic, spec.types, spec.owner, "com.example.shop.")
    record = SimpleNamespace(
        offset=0, partition=0, timestamp=TIME_MS, key=key, value=value, headers=list(headers)
    )
    [verdict] = decoder.decode([record])
    return verdict.verdicts if isinstance(verdict, Several) else (verdict,)


def said(verdict):
    """A verdict as the page writes it: (kind, id or None, data or None)."""
    if isinstance(verdict, Rejected):
        return f"refused: {verdict.error}", None, None
    if not isinstance(verdict, Event):
        return f"skipped: {verdict.reason}", None, None
    data = None if verdict.data is None else without_nulls(msgspec.to_builtins(verdict.data))
    return verdict.type, verdict.id if verdict.source else None, data


def without_nulls(value):
    if isinstance(value, dict):
        return {k: without_nulls(v) for k, v in value.items() if v is not None}
    return [without_nulls(v) for v in value] if isinstance(value, list) else value


def written(line):
    found = re.fullmatch(r"(\S+\.v\d+) (?:(\S+) )?(\{.*\})", line)
    return (found[1], found[2], json.loads(found[3])) if found else (line, None, None)


def examples():
    for page in PAGES:
        text = (ROOT / "docs" / page).read_text("utf-8")
        for number, (info, value, result) in enumerate(PAIR.findall(text)):
            yield pytest.param(info.split(), value, result.splitlines(), id=f"{page}:{number}")


@pytest.mark.parametrize(("info", "value", "result"), list(examples()))
def test_an_example_of_the_page_gives_the_result_beside_it(info, value, result):
    options = dict(word.split("=", 1) for word in info if "=" in word)
    key = options.pop("key", "k").encode()
    topic = info[0] if info else topics.CLICKS
    headers = [(name, text.encode()) for name, text in options.items()]
    found = verdicts(topic, value.encode(), headers, key)
    assert [said(v) for v in found] == [written(line) for line in result]


@pytest.mark.parametrize("page", PAGES)
def test_every_json_block_of_the_page_is_an_example(page):
    text = (ROOT / "docs" / page).read_text("utf-8")
    assert len(PAIR.findall(text)) == text.count("```json") >= 16


def test_the_two_pages_have_the_same_examples_and_tables():
    english, chinese = ((ROOT / "docs" / page).read_text("utf-8") for page in PAGES)
    assert PAIR.findall(english) == PAIR.findall(chinese)
    names = [[re.findall(r"`[^`]+`", row) for row, _ in ROW.findall(t)] for t in (english, chinese)]
    assert names[0] == names[1]


TABLES = {
    "Segment": segment.NAMES,
    "Google Analytics 4": ga4.NAMES,
    "Snowplow": snowplow.NAMES,
    "Shopify": shopify.NAMES,
    "WooCommerce": woocommerce.NAMES,
}


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("heading", TABLES)
def test_the_pages_tables_are_the_codes(page, heading):
    text = (ROOT / "docs" / page).read_text("utf-8")
    section = text.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    table, rows = TABLES[heading], ROW.findall(section)
    assert rows
    for names, meaning in rows:
        for name in re.findall(r"`([^`]+)`", names):
            kind = table.get(name)
            assert kind is not None, name
            if kind == NOT_OURS:
                assert meaning.startswith(SKIPPED), name
            elif name != "products/delete":
                assert meaning.startswith(f"`{kind}`"), name
    learned = {name for name, kind in table.items() if kind != NOT_OURS}
    missing = {name for name in learned if name not in text and name in segment.NAMES}
    assert all(re.match(r"(\w+ed|Order) ", name) for name in missing), missing


def golden():
    for path in GOLDEN:
        for message in json.loads(path.read_text("utf-8")):
            yield pytest.param(message, id=f"{path.stem}:{message['name']}")


@pytest.mark.parametrize("message", list(golden()))
def test_golden_messages_become_the_events_that_stand_beside_them(message):
    headers = [(name, text.encode()) for name, text in message.get("headers", {}).items()]
    value = json.dumps(message["value"]).encode()
    found = verdicts(message["topic"], value, headers, message.get("key", "k").encode())
    assert [_as_golden(v) for v in found] == message["becomes"]


def _as_golden(verdict):
    kind, event_id, data = said(verdict)
    if not isinstance(verdict, Event):
        return {"verdict": kind}
    event = {"type": kind, "data": data, "time_ms": verdict.time_ms}
    return event | ({"id": event_id} if event_id else {})


def test_there_are_golden_messages_of_each_vocabulary():
    assert {path.stem for path in GOLDEN} == {
        "segment", "ga4", "matomo", "snowplow", "shopify", "woocommerce", "common"
    }  # fmt: skip


SPELLINGS = (
    str.lower, str.upper, lambda n: n.replace(" ", "_").lower(), lambda n: n.replace(" ", "-"),
    lambda n: n.title().replace(" ", ""), lambda n: n[:1].lower() + n.title().replace(" ", "")[1:],
)  # fmt: skip


@pytest.mark.parametrize("name", segment.NAMES)
def test_a_name_is_the_same_in_every_spelling(name):
    assert {kind_of(spelling(name)) for spelling in SPELLINGS} == {segment.NAMES[name]}


NOT_LEARNED = [n for t in (segment.NAMES, ga4.NAMES) for n, kind in t.items() if kind == NOT_OURS]


@pytest.mark.parametrize("topic", [t.name for t in topics.ALL if t.owner])
def test_names_that_are_known_and_not_ours_are_skipped_on_every_topic(topic):
    spec = topics.BY_NAME[topic]
    documents = [
        document
        for name in NOT_LEARNED
        for document in (
            {"event": name, "user_id": "u", "product_id": "p"},
            {"type": "track", "event": name, "userId": "u", "properties": {"product_id": "p"}},
            {"event_name": name, "user_pseudo_id": "u", "items": [{"item_id": "p"}]},
        )
    ]
    records = [
        SimpleNamespace(
            offset=0, partition=0, timestamp=TIME_MS, key=b"k", headers=[],
            value=json.dumps(document).encode(),
        )
        for document in documents
    ]  # fmt: skip
    for service in spec.consumers:
        decoder = EventDecoder(topic, spec.types, service, "com.example.shop.")
        found = [said(verdict)[0] for verdict in decoder.decode(records)]
        assert found == ["skipped: not_ours"] * len(documents)
