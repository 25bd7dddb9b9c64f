"""Corrections before they are written: what is checked, masked and named."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.apps.cli.correction_rows import NotUsable, key_of, of_file, prepared
from shopkeeper.shared.text.correction_table import CorrectedLabel, decoded
from shopkeeper.shared.text.corrections import readable
from shopkeeper.shared.text.labelled import BadFile

LABELS = {"intent": ["track_order", "out_of_scope"], "sentiment": ["negative", "positive"]}
GIVEN = CorrectedLabel(task="intent", text="", label="", time_ms=5, by="ann", note="n")


def said(text, label="track_order", task="intent"):
    return CorrectedLabel(task=task, text=text, label=label)


def test_a_record_is_what_a_worker_reads_without_personal_data():
    one = prepared(said("mail mia.k@example.org, where is it"), LABELS)
    assert decoded(one.value).text == "mail [email], where is it"
    assert one.key == key_of("intent", "MAIL mia.k@example.org,  where is it?")
    assert one.key != key_of("sentiment", "mail mia.k@example.org, where is it")
    assert len(one.key.encode()) < 64


@pytest.mark.parametrize(
    ("correction", "message"),
    [
        (said("x", "positive"), "'positive' is none of the labels track_order, out_of_scope"),
        (said("x", task="mood"), "task 'mood' is none of intent, sentiment"),
        (said("x", task=""), "it has no task, one of intent, sentiment"),
        (said(" . "), "its text is empty"),
        (said("x\udcff"), "its text is no valid Unicode"),
    ],
)
def test_what_no_worker_could_use_is_refused(correction, message):
    with pytest.raises(NotUsable, match=message):
        prepared(correction, LABELS)


def test_rows_say_more_than_the_command(tmp_path):
    path = tmp_path / "c.jsonl"
    rows = [
        {"text": "a", "label": "track_order"},
        {"text": "b", "label": "positive", "task": "sentiment", "by": "bea", "note": ""},
        {"text": "A!", "label": "track_order"},  # the first again
    ]
    path.write_text("\n".join(json.dumps(row) for row in rows))
    found = of_file(path, GIVEN, LABELS)
    assert [(c.said.task, c.said.text, c.said.by, c.said.note, c.said.time_ms) for c in found] == [
        ("intent", "a", "ann", "n", 5),
        ("sentiment", "b", "bea", "n", 5),
    ]


def test_every_bad_row_is_named_and_none_is_used(tmp_path):
    path = tmp_path / "c.csv"
    path.write_text("text,label\na,track_order\nb,\nc,nonsense\na,out_of_scope\n")
    with pytest.raises(BadFile) as raised:
        of_file(path, GIVEN, LABELS)
    lines = str(raised.value).splitlines()
    assert lines[0].endswith("nothing is written, as some rows cannot be used")
    assert lines[1:] == [
        "row 2: '' is none of the labels track_order, out_of_scope",
        "row 3: 'nonsense' is none of the labels track_order, out_of_scope",
        "row 4: 'out_of_scope' for the text that row 1 calls 'track_order'",
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "holds no rows"),
        ("[1]\n", "row 1 is no JSON object"),
        ('{"text": 1, "label": "x"}\n', "row 1: its `text` is no text"),
        ('{"label": "x"}\n', "row 1: it has no `text`"),
        ("{", "Expecting"),
    ],
)
def test_a_file_of_something_else_is_refused(tmp_path, content, message):
    path = tmp_path / "c.jsonl"
    path.write_text(content)
    with pytest.raises(BadFile, match=message):
        of_file(path, GIVEN, LABELS)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=80))
def test_a_prepared_text_reads_as_the_customers(text):
    if not readable([text])[0]:
        return
    one = prepared(said(text), LABELS)
    assert readable([one.said.text]) == readable([text])
    assert key_of("intent", one.said.text) == one.key
