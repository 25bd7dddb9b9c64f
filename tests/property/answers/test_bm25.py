"""The index against a naive twin: the same scores, whatever was put, replaced or removed before."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.services.answers.core import bm25
from shopkeeper.services.answers.core.bm25 import (
    LENGTH_SHARE,
    SATURATION,
    Bm25Index,
    Terms,
)
from shopkeeper.services.answers.core.segments import joined

WORDS = st.integers(1, 12)
PASSAGE = st.dictionaries(WORDS, st.integers(1, 4), max_size=8)
NAMES = st.integers(0, 9).map(str)
GROUPS = st.sampled_from([0, 0, 7, 8])
PUT = st.dictionaries(NAMES, st.tuples(PASSAGE, GROUPS), max_size=4)
OPEN = {0: (0, 7, 8), 7: (0, 7), 8: (0, 8)}  # groups that a search finds
CHANGES = st.lists(st.one_of(PUT, st.lists(NAMES, max_size=3)), max_size=12)


def terms(passage):
    return Terms(
        np.array(sorted(passage), np.int64),
        np.array([float(passage[word]) for word in sorted(passage)]),
    )


class Twin:
    """BM25 as the papers write it, over a dict; the order of the dict is that of the puts."""

    def __init__(self):
        self.passages = {}

    def put(self, passages):
        for name, passage in passages.items():
            self.passages.pop(name, None)
            self.passages[name] = passage

    def search(self, words, group):
        count = len(self.passages)
        mean = sum(sum(words.values()) for words, _ in self.passages.values()) / max(count, 1)
        idf = {}
        for word in words:
            holding = sum(word in other for other, _ in self.passages.values())
            idf[word] = math.log1p((count - holding + 0.5) / (holding + 0.5))
        found = []
        for place, (name, (passage, own)) in enumerate(self.passages.items()):
            score = 0.0
            for word in words:
                norm = SATURATION * (
                    1 - LENGTH_SHARE + LENGTH_SHARE * sum(passage.values()) / (mean or 1.0)
                )
                tf = passage.get(word, 0)
                score += idf[word] * (SATURATION + 1) * tf / (tf + norm)
            if score > 0 and (group is None or own in (0, group)):
                found.append((-score, -place, name))
        return [(name, -score) for score, _, name in sorted(found)]


@given(CHANGES, st.sets(WORDS, min_size=1, max_size=5), st.integers(1, 12), GROUPS)
def test_the_best_and_their_scores_are_those_of_an_index_built_afresh(changes, asked, count, group):
    index, twin = Bm25Index(), Twin()
    for change in changes:
        if isinstance(change, list):
            index.remove(change)
            for name in change:
                twin.passages.pop(name, None)
        else:
            index.put(
                list(change),
                [terms(passage) for passage, _ in change.values()],
                [group for _, group in change.values()],
            )
            twin.put(change)
    wanted = group or None
    ids = np.array(sorted(asked), np.int64)
    named = sorted(twin.passages)
    named = [name for name in named if twin.passages[name][1] in OPEN[group]]
    told = index.search(ids, count, wanted, named)
    found, expected = told.hits, twin.search(sorted(asked), wanted)
    for name, score in told.also.items():
        assert dict(expected).get(name, 0.0) == pytest.approx(score)
    assert len(found) == min(count, len(expected))
    assert [score for _, score in found] == pytest.approx([s for _, s in expected[:count]])
    of = dict(expected)
    assert all(of[name] == pytest.approx(score) for name, score in found)
    assert len(index) == len(twin.passages)


@pytest.mark.parametrize(("seed", "size_max"), [(0, 1 << 20), (1, 4_000), (2, 300), (3, 0)])
def test_however_it_is_cut_into_segments(seed, size_max):
    """Thousands of passages, words from rare to everywhere, some removed: segments are joined as
    far as the limit allows, dead passages are left out."""
    random = np.random.default_rng(seed)
    index, twin = Bm25Index(size_max), Twin()
    for batch in range(6):
        passages = {
            f"{batch}-{n}": (
                {int(w): int(random.integers(1, 4)) for w in random.zipf(1.3, 12) if w < 3000},
                0,
            )
            for n in range(300)
        }
        index.put(list(passages), [terms(p) for p, _ in passages.values()], [0] * len(passages))
        twin.put(passages)
        gone = [f"{batch}-{n}" for n in random.integers(0, 300, 60)]
        index.remove(gone)
        for name in gone:
            twin.passages.pop(name, None)
    for _ in range(20):
        words = sorted({int(w) for w in random.zipf(1.2, 8) if w < 3000} | {1, 2})
        found = index.search(np.array(words, np.int64), 5).hits
        expected = twin.search(words, None)
        assert found == [(name, pytest.approx(score)) for name, score in expected[:5]]


def test_segments_stay_few_and_none_is_joined_beyond_the_limit(monkeypatch):
    """One passage at a time, each replaced many times over: as many segments as the passages ask
    for, and no change that costs more than the limit."""
    written = []
    monkeypatch.setattr(bm25, "joined", lambda parts: written.append(joined(parts)) or written[-1])
    index, random = Bm25Index(size_max=2_000), np.random.default_rng(0)
    for _ in range(6_000):
        words = {int(w): 1 for w in random.integers(0, 500, 9)}
        index.put([str(random.integers(0, 1_000))], [terms(words)], [0])
    postings = 1_000 * 10
    assert len(index) > 900
    assert max(each.size for each in written) <= 2_000
    assert len(index._segments) <= 4 * postings / 2_000 + np.log2(2_000)
    assert sum(len(each.names) for each in index._segments) <= 3 * len(index)


def test_a_name_twice_in_one_put_is_refused():
    with pytest.raises(ValueError, match="twice"):
        Bm25Index().put(["a", "a"], [terms({1: 1})] * 2, [0, 0])
