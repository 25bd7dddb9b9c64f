"""Rows to train with: what is refused, and that no text is on both sides."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.apps.train import rows
from shopkeeper.shared.text.normalisation import normalise

if TYPE_CHECKING:
    from pathlib import Path


def no_check(label: str) -> str | None:
    return None


def read(path: Path, text: str, **given):
    path.write_text(text, "utf-8")
    return rows.read([path], given.pop("check", no_check), **given)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("nope", "no JSON"),
        ("[1]", "no JSON object"),
        ('{"label": "a"}', "no `text`"),
        ('{"text": "  ", "label": "a"}', "no `text`"),
        ('{"text": "\\ud800x", "label": "a"}', "half a character"),
        ('{"text": "x"}', "no `label`"),
        ('{"text": "x", "label": 3}', "no `label`"),
        (json.dumps({"text": "x", "label": "l" * 65}), "more than 64"),
        ('{"text": "x", "label": "a", "split": "half"}', "`split` is 'half'"),
        ('{"text": "x", "label": "a", "weight": 0}', "`weight` is 0"),
        ('{"text": "x", "label": "a", "weight": "much"}', "`weight` is 'much'"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_a_bad_row_is_refused_with_its_file_line_and_reason(tmp_path, line, reason) -> None:
    path = tmp_path / "own.jsonl"
    good = '{"text": "good", "label": "a"}'
    with pytest.raises(rows.BadRows) as caught:
        read(path, f"{good}\n\n{line}\n{good}\n")
    assert caught.value.count == 1
    (told,) = caught.value.told
    assert told.startswith(f"{path}:3: ")
    assert reason in told


def test_bad_rows_are_left_out_and_counted_where_that_is_wanted(tmp_path) -> None:
    text = '{"text": "good", "label": "a"}\nnope\n'
    found, bad = read(tmp_path / "own.jsonl", text, skip_bad=True)
    assert [row.text for row in found] == ["good"]
    assert bad == 1


def test_lines_of_csv_are_those_of_the_file(tmp_path) -> None:
    path = tmp_path / "own.csv"
    with pytest.raises(rows.BadRows) as caught:
        read(path, 'text,label\n"two\nlines",a\nonly one\nx,\n')
    assert caught.value.told == [
        f"{path}:4: 1 fields, the header has 2",
        f"{path}:5: no `label`",
    ]


def test_a_label_that_the_task_does_not_know_is_refused(tmp_path) -> None:
    with pytest.raises(rows.BadRows, match="nonsense"):
        read(tmp_path / "r.jsonl", '{"text": "x", "label": "a"}', check=lambda label: "nonsense")


def test_a_packed_file_and_a_cut_one(tmp_path) -> None:
    path = tmp_path / "own.csv.gz"
    content = gzip.compress(b"text,label\nx,a\n")
    path.write_bytes(content)
    assert rows.read([path], no_check)[0][0].text == "x"
    path.write_bytes(content[:-6])
    with pytest.raises(rows.BadRows, match="cannot be read whole"):
        rows.read([path], no_check)


TEXTS = st.sampled_from(["Where is it?", "where is it", "WHERE IS IT?", "a", "b", "c", "d", "e"])
ROW = st.builds(
    rows.Row,
    TEXTS,
    st.sampled_from(["x", "y"]),
    st.sampled_from(["", "train", "select", "test"]),
    st.just("s"),
    st.sampled_from(["", "g1", "g2"]),
    st.just("en"),
    st.just(1.0),
)


@given(st.lists(ROW, min_size=1, max_size=40))
def test_no_text_is_on_both_sides_and_every_row_is_accounted_for(given) -> None:
    parts = rows.parted(given)
    train = {normalise(row.text) for row in parts.train}
    test = {normalise(row.text) for row in parts.test}
    assert not train & test
    assert len(parts.train) + len(parts.test) + parts.repeated + parts.leaked == len(given)


@given(st.lists(ROW, min_size=1, max_size=20), ROW)
def test_rows_that_are_added_move_no_other_where_none_names_a_split(given, more) -> None:
    given = [row._replace(split="") for row in given]
    before = {normalise(row.text) for row in rows.parted(given).test if not row.group}
    after = {normalise(r.text) for r in rows.parted([*given, more._replace(split="")]).test}
    assert before <= after
