"""Answers out of pages by spans: which sentences are told, and how reading is evaluated."""

from __future__ import annotations

import gzip
import json

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.apps.cli import evaluate
from shopkeeper.services.answers.core.entries import Entry
from shopkeeper.services.answers.core.reading import (
    ANSWER_CHARACTERS_MAX,
    Quote,
    sentences_of,
)
from shopkeeper.services.answers.core.span_reading import SpanQuotes, around
from shopkeeper.services.answers.evaluate_reading import Case, evaluated, read_cases, retrieved
from shopkeeper.shared.text.reading.reader import Span
from tests.model_folders import tiny_readers

PAGE = (
    "We ship on weekdays. You can return any item within 30 days of delivery. Is it broken? Yes. "
    "Then write to us. 礼品卡不能退换。其他商品七天之内可以退货。"
)


class Finds:
    """Finds these words in any passage that has them."""

    def __init__(self, words: str, answerable: float = 0.9) -> None:
        self._words, self._answerable = words, answerable

    def read_all(self, asked):
        places = [passage.find(self._words) for _, passage in asked]
        return [
            Span(at, at + len(self._words), 0.5, self._answerable) if at >= 0 else None
            for at in places
        ]


class Whole:
    def read_all(self, asked):
        return [Quote(f"all of {entry.id}") for _, entry in asked]


def entry(text=PAGE, kind="page"):
    return Entry(id="k", title="Terms", text=text, kind=kind)


def quoted(words, entry, answerable=0.9):
    return SpanQuotes(Finds(words, answerable), Whole()).read_all([("what?", entry)])[0]


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("30 days", "You can return any item within 30 days of delivery."),
        ("七天", "其他商品七天之内可以退货。"),
        ("Yes", "Yes. Then write to us."),  # alone it says nothing
        ("weekdays. You", PAGE[:73].strip()),  # of two sentences both
    ],
)
def test_the_sentence_of_the_span_is_told(words, answer):
    assert quoted(words, entry()) == Quote(answer, 0.9)


@pytest.mark.parametrize(
    ("words", "asked", "answerable", "known"),
    [
        ("30 days", entry(kind="faq"), 0.9, 0.9),  # an answer already
        ("30 days", entry("Within 30 days. Or never."), 0.9, 0.9),  # short
        ("30 days", entry(), 0.05, 0.05),  # a guess
        ("30 weeks", entry(), 0.9, None),  # the model does not read it
    ],
)
def test_the_other_reader_reads_what_is_left(words, asked, answerable, known):
    assert quoted(words, asked, answerable) == Quote("all of k", known)


def test_a_sentence_without_end_is_cut_around_the_words():
    text = "one, " * 300 + "two, " + "three, " * 300
    for words in ("two", "one, one", "three, three"):
        quote = quoted(words, entry(f"Short. {text}. Another one here.")).text
        assert words in quote
        assert len(quote) <= ANSWER_CHARACTERS_MAX


@given(st.text(st.sampled_from("ab .!。？\n"), min_size=1, max_size=80), st.data())
def test_the_quote_has_the_span_whole_and_is_of_the_text(text, data):
    assert "".join(sentences_of(text)) == text
    begin = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(begin + 1, len(text)))
    found = around(sentences_of(text), begin, end)
    assert found in text
    assert text[begin:end].strip() in found


def test_texts_without_a_sentence_are_one():
    assert sentences_of("") == []
    assert sentences_of(" . ") == [" . "]


# -- evaluation


def test_figures_are_over_the_questions_that_have_an_answer():
    cases = [
        Case("how long?", "within 30 days of it", ("30 days",)),
        Case("how long?", "in 30 days it is", ("30 days it", "45 days")),
        Case("how long?", "never", ()),
    ]
    assert evaluated(Finds("30 days"), cases) == {
        "em": 0.5,
        "f1": 0.9,
        "questions": 2,
        "unread": 1,
        "unanswerable": 1,
        "answerable_auroc": 1.0,
    }


def test_what_is_read_may_be_what_ranks_first():
    cases = [
        Case("how many days do returns take?", "returns take 30 days", ("30 days",)),
        Case("what is a tent?", "a house of cloth", ("a house",)),
        Case("who?", "nobody", ()),
    ]
    found = retrieved(cases, ["a tent is a house for 30 days"], {})
    assert [case.passage for case in found] == [cases[0].passage, "a tent is a house for 30 days"]
    assert evaluated(Finds("30 days"), cases, found) == {
        "em": 0.5,
        "f1": 0.5,
        "questions": 2,
        "unanswerable": 1,
        "answerable_auroc": 0.5,
    }


def test_both_forms_of_rows_are_read(tmp_path):
    path = tmp_path / "rows.jsonl.gz"
    rows = [
        {"question": "q", "context": "a b", "answers": ["a", "b"], "answer_start": 0},
        {"question": "q", "context": "a b", "answer": "b", "answerable": True},
        {"question": "q", "context": "a b", "answer": None, "answer_start": -1},
    ]
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.write("\n\n".join(json.dumps(row) for row in rows))
    assert [case.answers for case in read_cases(path)] == [("a", "b"), ("b",), ()]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"question": "q", "answers": []}', "line 1: no question with `context`"),
        ('{"question": "q", "context": 3, "answers": []}', "line 1: no question with `context`"),
        ('{"question": "q", "context": "c", "answers": []}', "no question that has an answer"),
        ("", "no question that has an answer"),
    ],
)
def test_files_that_cannot_be_read_are_refused(tmp_path, content, words):
    path = tmp_path / "rows.jsonl"
    path.write_text(content)
    result = CliRunner().invoke(evaluate.command, ["reading", str(path)])
    assert result.exit_code == 1
    assert words in result.stderr
    with pytest.raises(ValueError, match=words):
        read_cases(path)


def test_the_command_prints_figures(tmp_path):
    path = tmp_path / "rows.jsonl"
    rows = [
        {"question": "is it good?", "context": "it is good", "answers": ["good"]},
        {"question": "好吗", "context": "质量很好，推荐", "answer": None},
    ]
    path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    env = {"MODEL_DIR": str(tiny_readers(tmp_path / "models"))}
    result = CliRunner().invoke(evaluate.command, ["reading", str(path)], env=env)
    figures = json.loads(result.stdout)
    assert set(figures) == {"em", "f1", "questions", "unanswerable", "answerable_auroc"}
    assert (figures["questions"], figures["unanswerable"]) == (1, 1)


def test_the_command_searches_a_pool(tmp_path):
    path = tmp_path / "rows.jsonl"
    row = {"question": "is it good?", "context": "it is good", "answers": ["good"]}
    path.write_text(json.dumps(row), "utf-8")
    env = {"MODEL_DIR": str(tiny_readers(tmp_path / "models"))}
    given = ["reading", str(path), "--pool", str(path)]
    refused = CliRunner().invoke(evaluate.command, given, env=env)
    assert refused.exit_code == 2
    result = CliRunner().invoke(evaluate.command, [*given, "--retrieve"], env=env)
    assert json.loads(result.stdout)["questions"] == 1


def test_a_folder_without_readers_is_told(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"question": "q", "context": "c", "answers": ["c"]}')
    (tmp_path / "manifest.json").write_text('{"format": 2, "models": {}}')
    env = {"MODEL_DIR": str(tmp_path)}
    result = CliRunner().invoke(evaluate.command, ["reading", str(path)], env=env)
    assert result.exit_code == 1
    assert "no span model" in result.stderr
