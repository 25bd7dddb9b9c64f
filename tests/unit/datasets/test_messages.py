"""Files of events as producers send them: read as the topics' owners would."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.datasets.admission import Admission
from shopkeeper.shared.datasets.readers import Books, FormatError, Options, read, recognise

NOW_MS = 1_795_860_000_000
GOLDEN = Path(__file__).parents[3] / "schemas" / "golden" / "vocabularies"
CALLS = [
    {"type": "track", "event": "Product Viewed", "messageId": "m1", "userId": "u",
     "timestamp": "2026-11-28T09:00:00Z", "properties": {"product_id": "p"}},
    {"type": "page", "userId": "u"},
    {"event": "add_to_cart", "client_id": "c", "items": [{"item_id": "a"}, {"item_id": "b"}]},
    ["event", "purchase", {"user_id": "u", "transaction_id": "T", "items": [{"item_id": "p"}]}],
    {"type": "com.example.shop.product.reviewed.v1", "product_id": "p", "review_id": "r",
     "rating": 4, "time": "2026-11-28T09:00:00Z"},
    {"type": "product.catalogued.v1", "product_id": "p", "title": "Cup"},
    {"event": "teleported", "userId": "u"},
]  # fmt: skip


def run(path, content, name="messages", now_ms=NOW_MS):
    path.write_text(content, "utf-8")
    books, bad = Books(), []
    options = Options(type_prefix="com.example.shop.")
    events = list(read(path, name, bad.append, options=options, books=books, now_ms=now_ms))
    assert books.balanced()
    return events, books, [str(error) for error in bad]


def lines(*documents):
    return "".join(json.dumps(each) + "\n" for each in documents)


@pytest.mark.parametrize("name", ["auto", "messages"])
def test_each_line_is_what_its_topics_owner_makes_of_it(tmp_path, name):
    events, books, bad = run(tmp_path / "f.jsonl", lines(*CALLS), name)
    assert [(e.topic, e.type, e.key) for e in events] == [
        (topics.CLICKS, "product.clicked.v1", "u"),
        (topics.CLICKS, "product.added.v1", "c"),
        (topics.CLICKS, "product.added.v1", "c"),
        (topics.CLICKS, "order.completed.v1", "u"),
        (topics.REVIEWS, "product.reviewed.v1", "p"),
        (topics.CATALOGUE, "product.catalogued.v1", "p"),
    ]
    assert (events[0].id, events[0].time_ms) == ("m1", NOW_MS - 3_600_000)
    assert books.left_out == {"not_ours": 1}
    assert books.skipped_bad == {"unknown_type": 1}
    assert "f.jsonl:7: no schema knows the type `teleported`" in bad[0]
    admission = Admission(NOW_MS)
    for event in events:
        admission.check(event)


def test_ids_are_of_the_lines_and_of_their_parts(tmp_path):
    once, *_ = run(tmp_path / "a.jsonl", lines(*CALLS[2:4], *CALLS[2:4]))
    again, *_ = run(tmp_path / "b.jsonl", lines(*CALLS[2:4], *CALLS[2:4]))
    assert [e.id for e in once] == [e.id for e in again]
    assert len({e.id for e in once}) == len(once) == 6


def test_a_data_layer_as_it_stands_and_calls_of_gtag_are_recognised(tmp_path):
    dump = [
        {"0": "config", "1": "G-1"},
        {"ecommerce": None},
        {"event": "view_item", "user_id": "u", "ecommerce": {"items": [{"item_id": "a"}]}},
    ]
    assert len(run(tmp_path / "f.json", json.dumps(dump), "auto")[0]) == 1  # fmt: skip
    calls = [["js", "x"], ["event", "view_item", {"user_id": "u", "items": [{"item_id": "a"}]}]]
    assert len(run(tmp_path / "f.json", lines(*calls), "auto")[0]) == 1


def test_rows_stay_rows_and_a_catalogue_a_catalogue(tmp_path):
    path = tmp_path / "f.jsonl"
    row = {"user_id": "u", "item_id": "i", "timestamp": 1_700_000_000, "event": "view"}
    search = {"user_id": "u", "query": "tea", "timestamp": 1_700_000_000, "event": "search"}
    path.write_text(lines(row, search), "utf-8")
    assert recognise(path) == "events"
    path.write_text(lines({"product_id": "p", "title": "Cup"}), "utf-8")
    with pytest.raises(FormatError, match="--catalogue"):
        recognise(path)


def test_a_time_is_needed_where_nobody_publishes(tmp_path):
    _, books, bad = run(tmp_path / "f.jsonl", lines(CALLS[0], CALLS[3]), now_ms=None)
    assert (books.events, books.skipped_bad) == (1, {"invalid_time": 1})
    assert ":2: the event has no time" in bad[0]


def test_columns_are_refused(tmp_path):
    with pytest.raises(FormatError, match="not a table"):
        list(read(tmp_path / "f", "messages", options=Options(columns={"user_id": "u"})))


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.json")), ids=lambda p: p.stem)
def test_every_golden_message_goes_through_a_file(tmp_path, path):
    messages = [m for m in json.loads(path.read_text("utf-8")) if "headers" not in m]
    values = [m["value"] for m in messages]
    _, books, _ = run(tmp_path / "f.jsonl", lines(*values), now_ms=NOW_MS)
    assert books.events >= len(values) / 4
