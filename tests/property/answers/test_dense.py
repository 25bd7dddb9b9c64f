"""Vectors against naive twins: whatever was put, replaced or removed before, and in which order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.services.answers.core.dense import DenseIndex, quantised
from shopkeeper.services.answers.core.entries import Entry
from shopkeeper.services.answers.core.fused import FusedRanker

DIMENSIONS = 8
NAMES = st.integers(0, 9).map(str)
GROUPS = st.sampled_from([0, 0, 7, 8])
VECTORS = st.lists(st.integers(0, 40), min_size=1, max_size=2)
PUT = st.dictionaries(NAMES, st.tuples(VECTORS, GROUPS), max_size=4)
CHANGES = st.lists(st.one_of(PUT, st.lists(NAMES, max_size=3)), max_size=12)


def vector(seed: int) -> np.ndarray:
    made = np.random.default_rng(seed).standard_normal(DIMENSIONS).astype(np.float32)
    return made / np.linalg.norm(made)


def cosine(seed: int, other: int) -> float:
    """Of two vectors as one byte per dimension tells them."""
    codes, scales = quantised(np.array([vector(seed), vector(other)]))
    rows = codes.astype(np.int64)
    return float(rows[0] @ rows[1]) * float(scales[0]) * float(scales[1])


@given(CHANGES, st.integers(0, 40), st.integers(1, 12), GROUPS)
def test_the_nearest_are_those_of_a_dict(changes, asked, count, group):
    index, twin = DenseIndex(DIMENSIONS), {}
    for change in changes:
        if isinstance(change, list):
            index.remove(change)
            for name in change:
                twin.pop(name, None)
            continue
        names = [name for name, (seeds, _) in change.items() for _ in seeds]
        seeds = [seed for seeds, _ in change.values() for seed in seeds]
        groups = [group for seeds, group in change.values() for _ in seeds]
        made = np.array([vector(seed) for seed in seeds]).reshape(len(seeds), DIMENSIONS)
        index.put(names, made.astype(np.float32), groups)
        twin |= change
    similarities = index.similarities(vector(asked))
    found = index.nearest(similarities, count, group or None)
    expected = {
        name: max(cosine(seed, asked) for seed in seeds)
        for name, (seeds, own) in twin.items()
        if not group or own in (0, group)
    }
    assert len(index) == len(twin)
    assert len(found) == min(count, len(expected))
    best = sorted(expected.values(), reverse=True)[:count]
    assert [expected[name] for name in found] == pytest.approx(best, abs=1e-5)
    for name in expected:
        assert max(index.of(similarities, name)) == pytest.approx(expected[name], abs=1e-5)


@given(st.lists(st.integers(1, 30), min_size=1, max_size=8))
def test_slots_are_used_again(sizes):
    index = DenseIndex(DIMENSIONS)
    for size in sizes:
        index.put(
            [str(n) for n in range(size)], np.array([vector(n) for n in range(size)]), [0] * size
        )
        index.remove([str(n) for n in range(size)])
    assert len(index.similarities(vector(0))) == max(sizes)


class Bag:
    """A small encoder: a text is the sum of its words' vectors."""

    dimensions = DIMENSIONS

    def vectors(self, texts):
        found = np.zeros((len(texts), DIMENSIONS), np.float32)
        for row, text in enumerate(texts):
            for word in text.split():
                found[row] += vector(sum(map(ord, word)))
        return found / np.maximum(np.linalg.norm(found, axis=1), 1e-9)[:, None]


WORDS = st.sampled_from(["shipping", "costs", "refund", "parcel", "size", "colour", "运费", "退货"])
TEXTS = st.lists(WORDS, min_size=1, max_size=5).map(" ".join)
ENTRIES = st.builds(
    lambda name, title, text, product: Entry(
        id=name, title=title, text=text, kind="page", product_id=product
    ),
    NAMES,
    st.one_of(st.just(""), TEXTS),
    TEXTS,
    st.sampled_from([None, None, "p1", "p2"]),
)
STEPS = st.lists(
    st.one_of(
        st.lists(ENTRIES, max_size=3, unique_by=lambda entry: entry.id),
        st.lists(NAMES, max_size=3).map(tuple),
        st.sampled_from(["take", "accept"]),
    ),
    max_size=14,
)


@given(STEPS, TEXTS, st.sampled_from([None, "p1"]))
def test_ranks_as_one_built_afresh_whatever_came_between(steps, question, product):
    ranker, there, taken = FusedRanker({"en": Bag(), "zh": Bag()}), {}, []
    for step in steps:
        if step == "take":
            taken.append(ranker.embed(ranker.take_waiting(2)))
        elif step == "accept":
            for each in taken:
                ranker.accept(each)
            taken = []
        elif isinstance(step, tuple):
            ranker.remove(step)
            for name in step:
                there.pop(name, None)
        else:
            ranker.put(step)
            there |= {entry.id: entry for entry in step}
    for each in taken:
        ranker.accept(each)
    ranker.catch_up()
    assert ranker.waiting == 0
    afresh = FusedRanker({"en": Bag(), "zh": Bag()})
    afresh.put(list(there.values()))
    afresh.catch_up()
    found, expected = (each.rank_all([question], 20, [product])[0] for each in (ranker, afresh))
    assert {hit.id: hit.cosine for hit in found.hits} == {h.id: h.cosine for h in expected.hits}
    assert [hit.score for hit in found.hits] == pytest.approx([h.score for h in expected.hits])
    assert all(
        there[hit.id].product_id in (None, product or there[hit.id].product_id)
        for hit in found.hits
    )
