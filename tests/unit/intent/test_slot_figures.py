"""Slots measured against what somebody wrote down; and routes of every intent there is."""

from __future__ import annotations

import gzip

import orjson
import pytest

from shopkeeper.services.intent import evaluate
from shopkeeper.services.intent.model import load_model
from shopkeeper.services.intent.routes import route_of
from shopkeeper.services.intent.slot_figures import read_slots, slot_figures
from shopkeeper.shared.contracts.events.intent import ROUTES
from shopkeeper.shared.text.labelled import BadFile


def slot(name, value, text, **ends):
    return {"name": name, "value": value, "text": text, **ends}


def test_a_slot_is_right_by_its_words_or_by_its_normal_form():
    found = [
        [slot("brand", "Nike", "耐克"), slot("size", "41", "41码")],
        [slot("price", "20..50", "20-50", minimum=20.0, maximum=50.0)],
        [slot("colour", "red", "red")],
    ]
    wanted = [
        {"brand": "耐克", "size": "41", "colour": "red"},
        {"price_min": 20, "price_max": 60},
        {},
    ]
    figures = slot_figures(found, wanted)
    assert figures["brand"]["f1"] == figures["size"]["f1"] == figures["price_min"]["f1"] == 1.0
    assert figures["price_max"]["f1"] == 0.0
    assert figures["colour"] == {
        "precision": 0.0,
        "recall": 0.0,
        "f1": 0.0,
        "wanted": 1,
        "found": 1,
    }
    assert figures["micro"] == {
        "precision": 0.6,
        "recall": 0.6,
        "f1": 0.6,
        "wanted": 5,
        "found": 5,
    }


@pytest.mark.parametrize("name", ["q.jsonl", "q.jsonl.gz"])
def test_evaluate_measures_slots_where_the_file_has_them(tmp_path, name):
    path = tmp_path / name
    rows = [
        {
            "text": "wireless headphones",
            "label": "product_search",
            "slots": {"category": "wireless headphones"},
        },
        {
            "text": "where is my order 20231123",
            "label": "track_order",
            "slots": {"order_number": "20231123"},
        },
    ]
    lines = b"".join(orjson.dumps(row) + b"\n" for row in rows)
    path.write_bytes(gzip.compress(lines) if name.endswith(".gz") else lines)
    figures = evaluate.run(path)
    assert figures["slots_given_the_intent"]["micro"]["f1"] == 1.0
    assert figures["slots"]["order_number"]["f1"] == 1.0


def test_a_file_without_slots_and_one_with_other_slots(tmp_path):
    plain, wrong, table = (tmp_path / name for name in ("a.jsonl", "b.jsonl", "c.csv"))
    plain.write_text('{"text": "x", "label": "account"}\n')
    wrong.write_text('{"text": "x", "label": "account", "slots": ["red"]}\n')
    table.write_text("text,label\nx,account\n")
    assert read_slots(plain) is None
    assert read_slots(table) is None
    assert "slots" not in evaluate.run(plain)
    with pytest.raises(BadFile, match="row 1: `slots` is no object"):
        read_slots(wrong)


def test_every_intent_of_the_model_has_a_route():
    model, _ = load_model()
    routes = {label: route_of(label) for label in model.labels}
    assert set(routes.values()) == set(ROUTES)
    assert {label for label, route in routes.items() if route == "none"} == {
        "chitchat",
        "out_of_scope",
    }
    assert route_of("of another model") == "none"
