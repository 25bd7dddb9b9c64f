"""The search index against one built at once, and against a naive twin that knows no arrays."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.services.recommender.core.search import index
from shopkeeper.services.recommender.core.search.index import SearchIndex, Terms

DIMENSIONS = 3
PRODUCTS = st.sampled_from([f"p{n}" for n in range(12)])
COUNTS = st.dictionaries(st.integers(0, 9), st.sampled_from([0.5, 1.0, 2.0, 3.5]), max_size=5)
VECTORS = st.sampled_from([(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0.6, 0.8), (0.6, 0.8, 0)])
TEXTS = st.tuples(COUNTS, VECTORS)
STEPS = st.lists(
    st.one_of(
        st.lists(st.tuples(PRODUCTS, TEXTS), max_size=6).map(lambda batch: ("put", batch)),
        st.lists(PRODUCTS, max_size=6).map(lambda batch: ("remove", batch)),
    ),
    max_size=30,
)
Text = tuple[dict[int, float], tuple[float, ...]]


def as_arrays(texts: list[Text]) -> tuple[Terms, np.ndarray]:
    cells = [
        (row, i, n) for row, (counts, _) in enumerate(texts) for i, n in sorted(counts.items())
    ]
    rows, ids, counts = zip(*cells, strict=True) if cells else ((), (), ())
    terms = Terms(np.array(rows, np.int32), np.array(ids, np.int32), np.array(counts, np.float32))
    return terms, np.array([v for _, v in texts], np.float32).reshape(len(texts), DIMENSIONS)


def apply(index: SearchIndex, kind: str, batch: list) -> None:
    if kind == "remove":
        index.remove(batch)
    else:
        index.put([p for p, _ in batch], *as_arrays([text for _, text in batch]))


def replayed(steps: list, products_max: int) -> dict[str, Text]:
    """What is left, in the order it was put: a product put again goes to the end."""
    left: dict[str, Text] = {}
    for kind, batch in steps:
        if kind == "remove":
            for product in batch:
                left.pop(product, None)
        else:
            last = {}
            for product, text in batch:
                left.pop(product, None)
                last.pop(product, None)
                last[product] = text
            left |= last
            while len(left) > products_max:
                left.pop(next(iter(left)))
    return left


def twin_lexical(left: dict[str, Text], asked: set[int]) -> dict[str, float]:
    lengths = {p: sum(counts.values()) for p, (counts, _) in left.items()}
    mean = sum(lengths.values()) / len(left) or 1.0
    out = dict.fromkeys(left, 0.0)
    for term in sorted(asked):
        having = [p for p, (counts, _) in left.items() if term in counts]
        idf = math.log(1 + (len(left) - len(having) + 0.5) / (len(having) + 0.5))
        for p in having:
            n = left[p][0][term]
            norm = index.SATURATION * (
                1 - index.LENGTH_SHARE + index.LENGTH_SHARE * lengths[p] / mean
            )
            out[p] += idf * (index.SATURATION + 1) * n / (n + norm)
    return out


def twin_scores(left: dict[str, Text], query: Text) -> dict[str, float]:
    lexical = twin_lexical(left, set(query[0]))
    best = max(lexical.values()) or 1.0
    place = {p: i for i, p in enumerate(left)}

    def cosine(a: tuple[float, ...], b: tuple[float, ...]) -> float:
        return sum(x * y for x, y in zip(a, b, strict=True))

    first = {
        p: lexical[p] / best + index.MEANING * cosine(query[1], v) for p, (_, v) in left.items()
    }
    if max(lexical.values()) <= 0 and not any(query[1]):
        return first
    hits = sorted(first, key=lambda p: (-round(first[p], 6), -place[p]))[: index.FEEDBACK_HITS]
    total = [sum(left[p][1][d] for p in hits) for d in range(DIMENSIONS)]
    length = math.sqrt(cosine(tuple(total), tuple(total))) or 1.0
    mean = tuple(t / length for t in total)
    return {p: first[p] + index.FEEDBACK * cosine(mean, v) for p, (_, v) in left.items()}


def found(index: SearchIndex, query: Text, count: int = 100) -> list[tuple[str, float]]:
    return index.search(*as_arrays([query]), count)[0]


@given(
    steps=STEPS,
    query=TEXTS,
    products_max=st.sampled_from([3, 8, 100]),
    segment_max=st.sampled_from([1, 4, 100]),
)
def test_put_and_removed_one_by_one_equals_built_at_once(
    steps, query, products_max, segment_max
) -> None:
    index = SearchIndex(DIMENSIONS, products_max, segment_max)
    for kind, batch in steps:
        apply(index, kind, batch)
    left = replayed(steps, products_max)
    at_once = SearchIndex(DIMENSIONS)
    apply(at_once, "put", list(left.items()))
    assert len(index) == len(left)
    ours, theirs = found(index, query), found(at_once, query)
    # Of equal scores the last bit may differ with a product's place in memory, and then the order.
    assert [s for _, s in ours] == pytest.approx([s for _, s in theirs], abs=1e-5)
    assert dict(ours) == pytest.approx(dict(theirs), abs=1e-5)


@given(products=st.dictionaries(PRODUCTS, TEXTS, min_size=1, max_size=12), query=TEXTS)
def test_scores_equal_the_naive_twins(products, query) -> None:
    index = SearchIndex(DIMENSIONS)
    apply(index, "put", list(products.items()))
    terms, _ = as_arrays([query])
    expected = twin_lexical(products, set(query[0]))
    lexical = dict(zip(products, index.lexical(terms, 1)[0].tolist(), strict=True))
    assert lexical == pytest.approx(expected, abs=1e-5)
    scores = twin_scores(products, query)
    ours = found(index, query)
    if any(scores.values()):
        assert dict(ours) == pytest.approx(scores, abs=1e-4)
        assert [s for _, s in ours] == sorted((s for _, s in ours), reverse=True)
    else:
        assert ours == []


@given(texts=st.lists(TEXTS, min_size=1, max_size=6), queries=st.lists(TEXTS, max_size=4))
def test_a_batch_of_queries_equals_single_ones(texts, queries) -> None:
    index = SearchIndex(DIMENSIONS)
    apply(index, "put", [(f"p{n}", text) for n, text in enumerate(texts)])
    together = index.search(*as_arrays(queries), 3)
    assert len(together) == len(queries)
    for query, of_batch in zip(queries, together, strict=True):
        alone = found(index, query, 3)
        assert [s for _, s in of_batch] == pytest.approx([s for _, s in alone], abs=1e-5)


@st.composite
def corpora(draw):
    """A corpus and queries of vectors near one another, many of them twice; what is removed."""
    chance = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    size, spread = draw(st.integers(1, 400)), draw(st.sampled_from([0.0, 0.02, 0.3, 1.0]))
    width = draw(st.sampled_from([5, 64, 70]))
    centre = chance.normal(size=width)

    def made(count):
        vectors = centre + spread * np.sqrt(width) * chance.normal(size=(count, width))
        vectors[chance.random(count) < 0.1] = 0
        vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
        rows = np.repeat(np.arange(count, dtype=np.int32), 4)
        ids = chance.zipf(1.3, (count, 4)).clip(max=40).astype(np.int32)
        keys = np.unique(rows.astype(np.int64) << 32 | ids.ravel())
        keys = keys[chance.random(len(keys)) < 0.8]
        terms = Terms(
            (keys >> 32).astype(np.int32),
            (keys & 0xFFFFFFFF).astype(np.int32),
            chance.choice([0.25, 0.5, 1.0, 2.0], len(keys)).astype(np.float32),
        )
        return terms, vectors.astype(np.float32)

    terms, vectors = made(size)
    twin = chance.integers(size, size=size)
    vectors = np.where(chance.random((size, 1)) < 0.3, vectors[twin], vectors)
    gone = np.flatnonzero(chance.random(size) < draw(st.sampled_from([0.0, 0.3, 0.9])))
    return terms, vectors, gone.tolist(), made(draw(st.integers(1, 20)))


@given(corpus=corpora(), count=st.integers(1, 25), segment_max=st.sampled_from([7, 50, 1000]))
def test_a_search_finds_what_comparing_everything_finds(corpus, count, segment_max) -> None:
    terms, vectors, gone, queries = corpus
    index = SearchIndex(vectors.shape[1], segment_max=segment_max)
    index.put([f"p{n}" for n in range(len(vectors))], terms, vectors)
    index.remove([f"p{n}" for n in gone])
    every = [[p for p, a in zip(s.products, s.alive, strict=True) if a] for s in index._segments]
    alive = np.concatenate([s.alive for s in index._segments]) if every else np.zeros(0, bool)
    names = [name for part in every for name in part]
    for row, hits in zip(index.scores(*queries), index.search(*queries, count), strict=True):
        score_of = dict(zip(names, row[alive].tolist(), strict=True))
        best = sorted(score_of.values(), reverse=True)[:count]
        if not any(score_of.values()):
            assert hits == []
            continue
        assert [score for _, score in hits] == pytest.approx(best, abs=1e-5)
        for name, score in hits:
            assert score_of.pop(name) == pytest.approx(score, abs=1e-5)


def test_two_hundred_searches_rank_thousands_of_products_as_comparing_everything_does() -> None:
    chance = np.random.default_rng(18)
    size, width, asked, count = 6000, 96, 208, 20
    centres = chance.normal(size=(150, width))

    def made(rows: int) -> tuple[Terms, np.ndarray]:
        vectors = centres[chance.integers(len(centres), size=rows)]
        vectors = vectors + 0.6 * chance.normal(size=(rows, width))
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        ids = chance.zipf(1.2, (rows, 12)).clip(max=3000)
        keys = np.unique(np.arange(rows)[:, np.newaxis] << 32 | ids)
        counts = chance.choice([0.25, 0.5, 1.0, 2.0], len(keys)).astype(np.float32)
        terms = Terms((keys >> 32).astype(np.int32), (keys & 0xFFFFFFFF).astype(np.int32), counts)
        return terms, vectors.astype(np.float32)

    index = SearchIndex(width, segment_max=2048)
    index.put([f"p{n}" for n in range(size)], *made(size))
    index.remove([f"p{n}" for n in chance.choice(size, 500, replace=False)])
    names = np.array([name for segment in index._segments for name in segment.products])
    queries = made(asked)
    for row, hits in zip(index.scores(*queries), index.search(*queries, count), strict=True):
        order = np.lexsort((-np.arange(len(row)), -row))[:count]
        for (name, score), expected, best in zip(hits, names[order], row[order], strict=True):
            assert score == pytest.approx(best, abs=1e-5)
            # Another only where it is as good, but for rounding.
            assert name == expected or row[names == name] == pytest.approx(best, abs=1e-5)


def test_hits_that_codes_cannot_tell_apart_are_told_apart_exactly() -> None:
    """Hundreds of products are about as near to each query, each in a direction of its own, so that
    which ten are the nearest decides where their mean lies."""
    chance = np.random.default_rng(85)
    size, width, count = 700, 64, 20
    turned = np.linalg.qr(chance.normal(size=(width, width)))[0]
    asked = turned[:3].astype(np.float32)
    vectors = chance.normal(size=(size, width))
    vectors[:, :3] = 0
    vectors *= 0.6 / np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors[:, :3] = 0.46 + 1e-4 * chance.normal(size=(size, 3))
    vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True) @ turned
    nothing = Terms(np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0, np.float32))
    index = SearchIndex(width, segment_max=256)
    index.put([f"p{n}" for n in range(size)], nothing, vectors.astype(np.float32))
    names = [name for segment in index._segments for name in segment.products]
    found = index.search(nothing, asked, count)
    for row, hits in zip(index.scores(nothing, asked), found, strict=True):
        order = np.argsort(-row)[:count]
        assert [name for name, _ in hits] == [names[at] for at in order]
        assert [score for _, score in hits] == pytest.approx(row[order].tolist(), abs=1e-5)


def test_of_products_that_are_all_alike_the_newest_are_found() -> None:
    index = SearchIndex(DIMENSIONS, segment_max=100)
    apply(index, "put", [(f"p{n}", ({1: 1.0}, (0.6, 0.8, 0))) for n in range(1000)])
    hits = index.search(*as_arrays([({1: 1.0}, (0, 1, 0)), ({1: 1.0}, (0, 0, 0))]), 20)
    for of_query in hits:
        assert [name for name, _ in of_query] == [f"p{n}" for n in range(999, 979, -1)]


def test_many_replacements_keep_the_index_small() -> None:
    index = SearchIndex(DIMENSIONS)
    for turn in range(200):
        apply(index, "put", [(f"p{turn % 5}", ({turn % 7: 1.0}, (1, 0, 0)))])
    assert len(index) == 5
    assert index.lexical(*as_arrays([({}, (0, 0, 0))])[:1], 1).shape[1] <= 66


def test_vectors_of_another_width_are_refused() -> None:
    index = SearchIndex(DIMENSIONS)
    with pytest.raises(ValueError, match="vectors of shape"):
        index.put(["p"], as_arrays([({}, (0, 0, 0))])[0], np.zeros((1, 4), np.float32))
