"""What numpy does among few entries and compiled loops among many is the same, to the bit."""

from __future__ import annotations

import numpy as np
import pytest

from shopkeeper.services.answers.core import dense, segments
from shopkeeper.services.answers.core.dense import DenseIndex
from shopkeeper.services.answers.core.segments import Terms, segment_of


@pytest.mark.parametrize("seed", range(5))
def test_vectors(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = np.random.default_rng(seed)
    index = DenseIndex(384)
    vectors = chance.standard_normal((3_000, 384)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    index.put([str(n) for n in range(3_000)], vectors, [0] * 3_000)
    index.remove([str(n) for n in chance.integers(0, 3_000, 300)])
    few = index.similarities(vectors[7])
    monkeypatch.setattr(dense, "PLAIN_MAX", 0)
    many = index.similarities(vectors[7])
    assert few.tobytes() == many.tobytes()
    assert (few < -1).sum() > 200


@pytest.mark.parametrize("seed", range(5))
def test_postings(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = np.random.default_rng(seed)
    passages = [np.unique(chance.zipf(1.3, 30) % 500) for _ in range(800)]
    terms = [Terms(ids, chance.integers(1, 5, len(ids)).astype(np.float64)) for ids in passages]
    segment = segment_of([str(n) for n in range(800)], terms, [0] * 800)
    for slot in np.unique(chance.integers(0, 800, 60)).tolist():
        segment.remove(slot)
    spans = segment.spans(np.arange(0, 500, 7))
    weights, norms = chance.random(spans.shape[1]), chance.random(800) + 0.5
    few = segment.frequencies(spans), segment.scores(spans, weights, norms)
    monkeypatch.setattr(segments, "PLAIN_MAX", 0)
    many = segment.frequencies(spans), segment.scores(spans, weights, norms)
    assert [each.tobytes() for each in few] == [each.tobytes() for each in many]
    assert few[0].sum() > 1_000
    assert (few[1] > 0).sum() > 100
