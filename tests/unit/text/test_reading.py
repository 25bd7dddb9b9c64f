"""Span models: windows, spans, quotes and scores; the shipped ones where they are there."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopkeeper.shared.text.manifest import ModelError, model_folder, read_manifest
from shopkeeper.shared.text.reading.reader import (
    NOTHING,
    PASSAGE_CHARACTERS_MAX,
    SpanReader,
    SpanReaders,
)
from shopkeeper.shared.text.reading.scores import auroc, longest_common_run, score
from shopkeeper.shared.text.reading.spans import best_span, log_sum, probability
from shopkeeper.shared.text.reading.windows import (
    MARKS,
    PASSAGE,
    QUESTION,
    SHARED,
    SHARED_PAIR,
    WINDOWS_MAX,
    begins_of,
    kinds_of,
    telling,
    window,
)
from tests.model_folders import tiny_readers

from .test_hostile import HOSTILE

PIECES_MAX = 96  # of the tiny span model


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> str:
    return str(tiny_readers(tmp_path_factory.mktemp("readers") / "models"))


@pytest.fixture(scope="module")
def tiny(folder) -> SpanReader:
    return SpanReader.load("reader-zh", folder)


# -- windows


def test_pieces_that_the_question_has_too_are_told_from_others():
    assert kinds_of([5, 6, 7], [1, 5, 6, 2, 7, 5]) == [
        PASSAGE, SHARED_PAIR, SHARED_PAIR, PASSAGE, SHARED, SHARED,
    ]  # fmt: skip


@given(st.integers(0, 2000), st.integers(1, 400), st.integers(0, 500))
def test_windows_cover_every_piece_and_end_with_the_passage(length, room, overlap):
    begins = begins_of(length, room, overlap)
    covered = {piece for begin in begins for piece in range(begin, begin + room)}
    assert set(range(length)) <= covered
    assert begins[0] == 0
    assert begins[-1] == max(0, length - room)
    step = max(room - overlap, -(-room // 2))
    assert all(0 < after - before <= step for before, after in itertools.pairwise(begins))


def test_of_many_windows_those_are_read_that_share_most_with_the_question():
    kinds = [PASSAGE] * 1000
    kinds[500:504] = [SHARED_PAIR] * 4
    kinds[990] = SHARED
    begins = begins_of(1000, 20, 0)
    kept = telling(begins, kinds, 20)
    assert len(kept) == WINDOWS_MAX
    assert {0, 500, 980} <= set(kept) <= set(begins)
    assert kept == sorted(kept)


def test_a_window_is_the_question_and_a_part_of_the_passage():
    kinds = kinds_of([8, 9], [4, 5, 8, 9, 6])
    found = window([8, 9], [4, 5, 8, 9, 6], kinds, 1, 3, (2, 3))
    assert found.ids == [2, 8, 9, 3, 5, 8, 9, 3]
    assert found.kinds == [*[QUESTION] * 4, PASSAGE, SHARED_PAIR, SHARED_PAIR, PASSAGE]
    assert found.ids[found.begin : found.begin + found.size] == [5, 8, 9]
    assert (found.first, len(found.ids)) == (1, 2 + 3 + MARKS)


# -- spans


@given(
    st.lists(
        st.tuples(*[st.floats(-20, 20, width=32)] * 2), min_size=1, max_size=30
    ),
    st.integers(1, 40),
)  # fmt: skip
def test_the_best_span_is_that_of_trying_all(pairs, pieces_max):
    scores = np.array(pairs, np.float32)
    start, end = scores.astype(float).T
    assert log_sum(scores[:, 0]) == pytest.approx(np.log(np.exp(start).sum()))
    every = [
        start[a] + end[b]
        for a in range(len(scores))
        for b in range(a, min(len(scores), a + pieces_max))
    ]
    found = best_span(scores, pieces_max)
    assert found.score == max(every)
    assert found.score == start[found.first] + end[found.last]
    assert 0 <= found.first <= found.last < found.first + pieces_max
    assert found.last < len(scores)


@given(st.floats(allow_nan=False))
def test_a_probability_is_between_0_and_1(log_odds):
    assert 0 <= probability(log_odds) <= 1


# -- the reader

PASSAGE_TEXT = st.text(st.one_of(st.sampled_from("abc ab.好不推荐"), st.characters()), max_size=300)


@given(st.lists(st.tuples(st.text(max_size=80), PASSAGE_TEXT), max_size=4))
@settings(deadline=None)  # other work beside may hold a call up
def test_any_text_gets_a_span_inside_it(tiny, asked):
    for (_, passage), span in zip(asked, tiny.read_all(asked), strict=True):
        assert 0 <= span.begin <= span.end <= len(passage)
        assert 0 <= span.sure <= 1
        assert 0 <= span.answerable <= 1
        quote = passage[span.begin : span.end]
        assert quote == quote.strip()


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_texts_are_read_within_bounds(tiny, text):
    asked = [("is it good?", text), (text, "it is good"), (text, text)]
    for (_, passage), span in zip(asked, tiny.read_all(asked), strict=True):
        assert 0 <= span.begin <= span.end <= min(len(passage), PASSAGE_CHARACTERS_MAX)


def test_what_has_no_words_has_no_answer(tiny):
    assert tiny.read_all([("how?", ""), ("how?", " \n\u200b")]) == [NOTHING, NOTHING]


def test_a_span_depends_on_its_own_texts_alone(tiny):
    asked = [("good?", "good " * n + "quality 好") for n in (1, 3, 40, 70, 3)]
    together = tiny.read_all(asked)
    assert together == [tiny.read_all([each])[0] for each in asked]
    assert together[1] == together[4]


def test_more_threads_find_the_same(folder, tiny):
    asked = [(f"good {n}?", "fast and good " * n) for n in range(1, 30)]
    assert SpanReader.load("reader-zh", folder, threads=2).read_all(asked) == tiny.read_all(asked)


def test_traditional_characters_are_read_as_simplified_ones(folder):
    reader = SpanReader.load("reader-zh", folder)
    simple, traditional = "质量很好，推荐。物流很快", "質量很好，推薦。物流很快"
    assert reader.read_all([("质量好吗", simple)]) == reader.read_all([("質量好嗎", traditional)])


def test_a_long_passage_is_read_in_windows_of_one_length(tiny):
    pieces = list(range(4, 90)) * 3
    windows = tiny.windows("good?", pieces)
    assert {len(each.ids) for each in windows} == {PIECES_MAX}
    read = Counter(n for each in windows for n in range(each.first, each.first + each.size))
    assert set(read) == set(range(len(pieces)))


def test_calls_are_told_of(folder):
    reader = SpanReader.load("reader-en", folder)
    told: list[tuple[float, int]] = []
    reader.on_call = lambda seconds, windows: told.append((seconds, windows))
    reader.read_all([("a?", "b c"), ("a?", "d e"), ("a?", "b " * 200)])
    assert sum(windows for _, windows in told) > 3
    assert all(seconds >= 0 for seconds, _ in told)


def test_each_language_has_its_model(folder):
    readers = SpanReaders.load(folder)
    del readers.readers["zh"]
    english, chinese = readers.read_all([("what?", "it is good"), ("什么?", "质量很好推荐")])
    assert english is not None
    assert chinese is None


def test_a_folder_without_readers_reads_nothing(tmp_path):
    (tmp_path / "manifest.json").write_text('{"format": 2, "models": {}}')
    assert SpanReaders.load(str(tmp_path)).read_all([("what?", "it is good")]) == [None]
    with pytest.raises(ModelError, match="names no reader 'reader-en'"):
        SpanReader.load("reader-en", str(tmp_path))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"sha256": "0" * 64}, "SHA-256"),
        ({"vocabulary_sha256": "0" * 64}, "SHA-256"),
        ({"vocabulary": "../x"}, "not the name of a file"),
        ({"pieces_max": 40}, "hold no passage"),
    ],
)
def test_a_folder_that_does_not_fit_is_refused(tmp_path, fields, words):
    broken = tiny_readers(tmp_path / "models", **fields)
    with pytest.raises(ModelError, match=words):
        SpanReader.load("reader-en", str(broken))


# -- scores


@pytest.mark.parametrize(
    ("answer", "right", "exact", "f1"),
    [
        ("The Blue one!", ["blue one"], 1, 1),
        ("blue", ["a blue shirt"], 0, 2 / 3),
        ("red", ["blue", "Red."], 1, 1),
        ("", ["blue"], 0, 0),
        ("two three two", ["two two four"], 0, 2 / 3),
        ("2008年8月", ["2008年"], 0, 2 * 2 / (4 + 2)),
        ("北京，天安门", ["北京天安门"], 1, 1),
        ("北京市天安门", ["北京天安门"], 0, 2 * 3 / (6 + 5)),  # the run is 天安门
        ("iPhone 手机", ["iphone手机"], 0, 1),
    ],
)
def test_scores_are_those_of_the_sets(answer, right, exact, f1):
    found = score(answer, right)
    assert found.exact == exact
    assert found.f1 == pytest.approx(f1)


@given(st.lists(st.sampled_from("ab"), max_size=12), st.lists(st.sampled_from("ab"), max_size=12))
def test_the_longest_run_is_that_of_trying_all(one, other):
    runs = {
        tuple(one[a:b]) for a in range(len(one) + 1) for b in range(a, len(one) + 1)
    }  # fmt: skip
    shared = [
        run
        for run in runs
        if any(tuple(other[n : n + len(run)]) == run for n in range(len(other) + 1))
    ]
    assert longest_common_run(one, other) == max(map(len, shared))


@given(
    st.lists(st.integers(0, 5), min_size=1, max_size=20),
    st.lists(st.integers(0, 5), min_size=1, max_size=20),
)
def test_auroc_is_that_of_all_pairs(yes, no):
    pairs = [1.0 if y > n else 0.5 if y == n else 0.0 for y in yes for n in no]
    assert auroc(yes, no) == pytest.approx(sum(pairs) / len(pairs))


# -- the shipped models

SHIPPED = sorted(read_manifest(model_folder()).readers)
ASKED = {
    "reader-en": (
        "How long do I have to return an item?",
        "Thank you for shopping with us. Orders leave our warehouse every weekday at noon. "
        "You can return any item within 30 days of delivery. Gift cards cannot be exchanged.",
        "30 days",
    ),
    "reader-zh": (
        "退貨要幾天之內申請？",
        "感謝您的購買。訂單每個工作日中午發出。收到商品後七天之內可以申請退貨。禮品卡不能退換。",
        "七天",
    ),
}


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_model_finds_the_words_in_a_policy(name):
    question, passage, words = ASKED[name]
    reader = SpanReader.load(name)
    span, other = reader.read_all([(question, passage), (question, passage.split(words)[0][:30])])
    assert words in passage[span.begin : span.end + 12]
    assert span.answerable > other.answerable
