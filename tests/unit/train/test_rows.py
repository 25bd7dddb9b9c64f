"""Rows to train with: what is refused, and that no text is on both sides."""

from __future__ import annotations

import gzip
import json
import zipfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.apps.train import rows
from shopkeeper.apps.train.tasks import TASKS
from shopkeeper.shared.datasets.base import Options
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
        ('{"text": "x", "label": 3.5}', "`label` is 3.5, no text"),
        ('{"text": "x", "label": " "}', "no `label`"),
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
    with pytest.raises(rows.BadRows, match="ended before"):
        rows.read([path], no_check)


CHINESE = "文本,标签\n" + "".join(f"我的第{n}个包裹到哪里了？请帮我查,查物流\n" for n in range(30))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "\ufefftext,label\nx y,a\n".encode()),
        ("a.csv", b'Text;Label\n"x y";a\n;\n'),
        ("a.csv", b"sep=;\ntext;label\nx y;a\n"),
        ("a.tsv", b"text\tlabel\nx y\ta\n"),
        ("a.txt", "text\tlabel\r\nx y\ta\r\n".encode("utf-16")),
        ("a.json", b'[{"text": "x y", "label": "a"}]'),
        ("a.json", b'{\n "text": "x y",\n "label": "a"\n}\n'),
        ("a.txt", b'{"text": "x y", "label": " a "}\n'),
    ],
)
def test_rows_are_read_as_spreadsheets_and_programs_write_them(tmp_path, name, content) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    found, bad = rows.read([path], no_check)
    assert ([(row.text, row.label) for row in found], bad) == ([("x y", "a")], 0)


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
def test_chinese_files_with_chinese_headers_are_read_by_naming_the_columns(
    tmp_path, encoding
) -> None:
    path = tmp_path / "zh.csv"
    path.write_bytes(CHINESE.encode(encoding))
    said: list[str] = []
    columns = {"text": "文本", "label": "标签"}
    found, _ = rows.read([path], no_check, options=Options(columns=columns, say=said.append))
    assert ({row.label for row in found}, len(found)) == ({"查物流"}, 30)
    assert bool(said) == (encoding == "gb18030")
    with pytest.raises(rows.BadFile, match=r"`text` and `label` or .* `文本`, `标签`: .*--columns"):
        rows.read([path], no_check)


def test_windows_letters_are_read_and_what_is_no_text_is_named(tmp_path) -> None:
    path = tmp_path / "w.csv"
    path.write_bytes("text;label\nfür Müller – bitte;a\n".encode("cp1252"))
    assert rows.read([path], no_check)[0][0].text == "für Müller – bitte"
    with zipfile.ZipFile(path, "w") as book:
        book.writestr("[Content_Types].xml", "<x/>")
    with pytest.raises(rows.BadFile, match="Excel workbook; save the sheet as CSV"):
        rows.read([path], no_check)
    path.write_bytes(bytes(range(128, 256)) * 20)
    with pytest.raises(rows.BadFile, match="--encoding"):
        rows.read([path], no_check)


def test_a_number_may_be_a_label_and_sentiments_are_known_in_any_case(tmp_path) -> None:
    assert read(tmp_path / "r.jsonl", '{"text": "x", "label": 0}')[0][0].label == "0"
    task = TASKS["sentiment"]
    assert (task.wrong("Positive"), task.named("NEGATIVE")) == (None, "negative")
    assert "write these instead" in str(task.wrong("5"))
    assert TASKS["intent"].named("Refund") == "Refund"


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


def test_what_is_odd_about_rows_is_said(tmp_path) -> None:
    made = ["a,x,train", "a,y,train", "b,x,train", "b,x,train", "c,x,train", "c,x,test"]
    found, _ = read(tmp_path / "o.csv", "text,label,split\n" + "\n".join(made))
    assert rows.remarks(rows.parted(found)) == [
        "texts with more than one label: 1, the first is 'a'",
        "rows that stand there twice, counted once: 1",
        "rows of train that are held out as well, left out: 1",
    ]
    assert rows.remarks(rows.parted(found[2:3])) == []


@given(st.lists(ROW, min_size=1, max_size=20), ROW)
def test_rows_that_are_added_move_no_other_where_none_names_a_split(given, more) -> None:
    given = [row._replace(split="") for row in given]
    before = {normalise(row.text) for row in rows.parted(given).test if not row.group}
    after = {normalise(r.text) for r in rows.parted([*given, more._replace(split="")]).test}
    assert before <= after
